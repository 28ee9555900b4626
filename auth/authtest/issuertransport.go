package authtest

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
)

// serve answers over a connection.
func (i *Issuer) serve(w http.ResponseWriter, r *http.Request) {
	res, err := i.answer(r)
	if err != nil {
		panic(http.ErrAbortHandler) // has net/http close the connection
	}
	maps.Copy(w.Header(), res.Header)
	w.WriteHeader(res.StatusCode)
	_, err = flusher{w}.Write(nil) // the header does not wait for a body that is slow
	if err == nil {
		_, err = io.Copy(flusher{w}, res.Body)
	}
	if err != nil {
		panic(http.ErrAbortHandler)
	}
}

// A flusher sends what it is given at once.
type flusher struct{ http.ResponseWriter }

// Write sends p.
func (f flusher) Write(p []byte) (int, error) {
	n, err := f.ResponseWriter.Write(p)
	if err != nil {
		return n, err
	}
	return n, http.NewResponseController(f.ResponseWriter).Flush()
}

// Transport returns a way to ask the issuer without a connection, for the [http.Client] of what is tested. Faults are the
// same: [Down] is an error, and [Hanging] lasts until the request's context is done, if no other fault is set before. It
// reaches no other host than the issuer's own and the one that it redirects to.
func (i *Issuer) Transport() http.RoundTripper { return memoryTransport{i} }

type memoryTransport struct{ issuer *Issuer }

// RoundTrip answers in the goroutine that asks, and has no other.
func (m memoryTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		_ = r.Body.Close()
	}
	if host := r.URL.Scheme + "://" + r.URL.Host; host != m.issuer.base && host != m.issuer.elsewhere {
		return nil, fmt.Errorf("authtest: %s is not the host of the issuer, %s", host, m.issuer.base)
	}
	select {
	case <-m.issuer.ended:
		return nil, errEnded
	default:
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	res, err := m.issuer.answer(r)
	if err != nil {
		return nil, err
	}
	res.Request = r
	res.Body = until(r.Context(), res.Body)
	return unzip(res)
}

// unzip does what [http.Transport] does for clients that do not say what they accept.
func unzip(res *http.Response) (*http.Response, error) {
	asked := res.Request.Method == http.MethodGet && res.Request.Header.Get("Accept-Encoding") == "" &&
		res.Request.Header.Get("Range") == ""
	if !asked || res.Header.Get("Content-Encoding") != "gzip" {
		return res, nil
	}
	plain, err := gzip.NewReader(res.Body)
	if err != nil {
		return nil, err
	}
	res.Body = io.NopCloser(plain)
	res.Header.Del("Content-Encoding")
	res.Uncompressed = true
	return res, nil
}

// until returns body with an end when ctx is done, as that of an answer over a connection has.
func until(ctx context.Context, body io.ReadCloser) io.ReadCloser {
	return struct {
		io.Reader
		io.Closer
	}{readerFunc(func(p []byte) (int, error) {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		return body.Read(p)
	}), body}
}
