package authtest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// An answer is what a client sees.
type answer struct {
	status int
	header http.Header
	body   string
	err    error // which may come after a part of the body
}

const clientReads = 1 << 20

// ask returns what a client sees that follows no redirect and reads 1 MiB at most. fields are names and values.
func ask(ctx context.Context, transport http.RoundTripper, url string, fields ...string) (a answer) {
	return askBy(ctx, &http.Client{Transport: transport, CheckRedirect: noRedirect}, http.MethodGet, url, fields...)
}

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func askBy(ctx context.Context, client *http.Client, method, url string, fields ...string) (a answer) {
	r, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		return answer{err: err}
	}
	for i := 0; i < len(fields); i += 2 {
		r.Header.Set(fields[i], fields[i+1])
	}
	res, err := client.Do(r)
	if err != nil {
		return answer{err: err}
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, clientReads))
	return answer{res.StatusCode, res.Header, string(body), err}
}

// seen describes an answer to a question for document.
func (a answer) seen(document string) string {
	body := fmt.Sprintf("%.50q", a.body)
	switch {
	case a.status == 0:
		return "no answer"
	case errors.Is(a.err, io.ErrUnexpectedEOF) && a.body == document[:len(document)/2]:
		body = "half of the document"
	case a.err != nil:
		body = a.err.Error()
	case a.body == document:
		body = "the document"
	case len(a.body) == clientReads && strings.TrimRight(a.body, " ")+"}" == document:
		body = "the document and no end"
	}
	return fmt.Sprintf("%d %s: %s", a.status, a.header.Get("Content-Type"), body)
}
