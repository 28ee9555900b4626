package authtest

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"
)

// A fixedAnswer is always the same.
type fixedAnswer struct {
	status            int
	field, value      string // of the header
	contentType, body string
}

var (
	notFound   = fixedAnswer{status: http.StatusNotFound}
	notAllowed = fixedAnswer{status: http.StatusMethodNotAllowed, field: "Allow", value: "GET, HEAD"}
)

// fixed are the faults that have nothing to do with the document.
var fixed = map[Fault]fixedAnswer{
	ServerError: {status: http.StatusInternalServerError, contentType: "text/plain", body: "internal server error"},
	Limited:     {status: http.StatusTooManyRequests, field: "Retry-After", value: "3600"},
	NoContent:   {status: http.StatusNoContent},
	NotModified: {status: http.StatusNotModified},
	NotJSON:     {status: http.StatusOK, contentType: "text/html; charset=utf-8", body: "<!doctype html><title>Log in</title>"},
	EmptyObject: {status: http.StatusOK, contentType: "application/json", body: "{}"},
	EmptySet:    {status: http.StatusOK, contentType: "application/jwk-set+json", body: `{"keys":[]}`},
}

func (a fixedAnswer) response() *http.Response {
	w := httptest.NewRecorder()
	if a.field != "" {
		w.Header().Set(a.field, a.value)
	}
	if a.contentType != "" {
		w.Header().Set("Content-Type", a.contentType)
	}
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, a.body)
	return w.Result()
}

const (
	pace     = time.Second // between the bytes of what is [Slow]
	hugeSize = 64 << 20
	bombSize = 256 << 20
)

// failing returns the answer of an endpoint with a fault that has one.
func (i *Issuer) failing(r *http.Request, at *endpoint, fault Fault) *http.Response {
	if a, ok := fixed[fault]; ok {
		return a.response()
	}
	if fault == Redirecting {
		return fixedAnswer{status: http.StatusFound, field: "Location", value: i.elsewhere + copies + r.URL.Path}.response()
	}
	whole := r
	if fault != Well { // which does not spare a client that has the document already, or wants a part
		whole = httptest.NewRequest(http.MethodGet, r.URL.Path, nil)
	}
	res := i.good(whole, at, fault)
	if res.StatusCode != http.StatusOK {
		return res
	}
	switch fault {
	case WrongType:
		res.Header.Set("Content-Type", "text/html; charset=utf-8")
	case Slow:
		res.Body = io.NopCloser(i.slowly(r.Context(), res.Body))
	case Truncated:
		res.Body = io.NopCloser(io.MultiReader(io.LimitReader(res.Body, res.ContentLength/2), readerFunc(broken)))
	case Huge:
		head, tail := halves(res)
		stream(res, head, spaces(hugeSize), tail)
	case Bomb:
		head, tail := halves(res)
		res.Header.Set("Content-Encoding", "gzip")
		stream(res, zipped(head), bytes.NewReader(packedSpaces()), zipped(tail))
	}
	return res
}

// halves returns the document in res in two, with room for spaces between them: any that ends with a brace.
func halves(res *http.Response) (head, tail io.Reader) {
	text, _ := io.ReadAll(res.Body) // of a recorder, which does not fail
	end := len(text) - 1
	return bytes.NewReader(text[:end]), bytes.NewReader(text[end:])
}

// stream makes parts the body of res, however long they are.
func stream(res *http.Response, parts ...io.Reader) {
	res.Body, res.ContentLength = io.NopCloser(io.MultiReader(parts...)), -1
	res.Header.Del("Content-Length")
}

// zipped returns what r reads in gzip. Several of them make one, as members that are read one after another (RFC 1952,
// section 2.2).
func zipped(r io.Reader) *bytes.Buffer {
	member := &bytes.Buffer{}
	w := gzip.NewWriter(member)
	_, _ = io.Copy(w, r) // to a buffer, which does not fail
	_ = w.Close()
	return member
}

// packedSpaces are [bombSize] of them in gzip, which has room for a thousand in a byte.
var packedSpaces = sync.OnceValue(func() []byte {
	const some = 1 << 20
	return bytes.Repeat(zipped(spaces(some)).Bytes(), bombSize/some)
})

// A readerFunc is an [io.Reader].
type readerFunc func(p []byte) (int, error)

// Read calls f.
func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

var blank = bytes.Repeat([]byte(" "), 32<<10)

// spaces returns n of them.
func spaces(n int64) io.Reader {
	return io.LimitReader(readerFunc(func(p []byte) (int, error) { return copy(p, blank), nil }), n)
}

// broken is where a connection was closed.
func broken([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// slowly returns what r reads, a byte at a time, until the client gives up or the test ends.
func (i *Issuer) slowly(ctx context.Context, r io.Reader) io.Reader {
	return readerFunc(func(p []byte) (int, error) {
		timer := time.NewTimer(pace)
		defer timer.Stop()
		select {
		case <-timer.C:
			return r.Read(p[:min(len(p), 1)])
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-i.ended:
			return 0, errEnded
		}
	})
}
