package wire_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/countersign-go/countersign/auth/wire"
)

func TestWrite(t *testing.T) {
	tests := []struct {
		name   string
		status int
		v      any
		want   reply
	}{
		{"an object", 200, map[string]int{"a": 1}, reply{Status: 200, Body: `{"a":1}`}},
		{"created", 201, struct{}{}, reply{Status: 201, Body: `{}`}},
		{"a page in text", 200, "<script>", reply{Status: 200, Body: `"\u003cscript\u003e"`}},
		{"what is no JSON", 200, func() {}, refused(500, "internal", "Internal Server Error")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Cache-Control", "private")
				wire.Write(w, tt.status, tt.v)
			}))
			defer server.Close()
			check(t, "the answer", send(t, server, must(http.NewRequest("GET", server.URL, nil))), tt.want)
		})
	}
}

func TestOpenAPI(t *testing.T) {
	document := []byte(`{"openapi":"3.1.0","paths":{"/a":{"get":{}},"/a/b":{},"/c":{}}}`)
	moved := func(path string) string {
		return map[string]string{"/a": "/x", "/a/b": "/x/b"}[path]
	}
	server := httptest.NewServer(wire.Routes{"GET /openapi.json": wire.OpenAPI(document, moved)}.Handler(guard))
	defer server.Close()
	got := send(t, server, must(http.NewRequest("GET", server.URL+"/openapi.json", nil)))
	check(t, "the document", got, reply{Status: 200, Body: `{"openapi":"3.1.0","paths":{"/x":{"get":{}},"/x/b":{}}}`})
}
