package wire_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/wire"
)

func says(text string) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		wire.Write(w, http.StatusOK, text+r.PathValue("id"))
		return nil
	}
}

func fails(err error) func(http.ResponseWriter, *http.Request) error {
	return func(http.ResponseWriter, *http.Request) error { return err }
}

func shop() http.Handler {
	return wire.Routes{
		"GET /":           says("list"),
		"POST /":          says("create"),
		"GET /{id}":       says("get "),
		"DELETE /{id}":    says("delete "),
		"POST /{id}/ship": says("ship "),
		"GET /prices":     says("prices"),
		"GET /down":       fails(fmt.Errorf("s3cr3t: %w", auth.ErrUnavailable)),
		"GET /bug":        fails(errors.New("s3cr3t")),
		"GET /bad":        fails(wire.Invalid("%d", 1)),
		"GET /never":      fails(wire.NotAllowed("%d", 2)),
		"GET /none":       fails(wire.NotFound("%d", 3)),
	}.Under("/a/orders").Handler(guard)
}

func TestRoutes(t *testing.T) {
	missing := refused(404, "not_found", "Not Found")
	not := func(allow string) reply {
		r := refused(405, "not_allowed", "Method Not Allowed")
		r.Allow = allow
		return r
	}
	tests := []struct {
		name, line string
		want       reply
	}{
		{"the path itself", "GET /a/orders", reply{Status: 200, Body: `"list"`}},
		{"another method", "POST /a/orders", reply{Status: 200, Body: `"create"`}},
		{"with a query", "GET /a/orders?a=b", reply{Status: 200, Body: `"list"`}},
		{"one below", "GET /a/orders/7", reply{Status: 200, Body: `"get 7"`}},
		{"one below that", "POST /a/orders/7/ship", reply{Status: 200, Body: `"ship 7"`}},
		{"a name that is an ID to others", "GET /a/orders/prices", reply{Status: 200, Body: `"prices"`}},
		{"an escape", "GET /a/orders/%37", reply{Status: 200, Body: `"get 7"`}},
		{"a slash that is escaped", "GET /a/orders/7%2Fship", reply{Status: 200, Body: `"get 7/ship"`}},
		{"a slash that is escaped reaches no other route", "POST /a/orders/7%2Fship", not("DELETE, GET, HEAD")},
		{"dots that are escaped", "GET /a/orders/%2e%2e", reply{Status: 200, Body: `"get .."`}},

		{"a slash at the end", "GET /a/orders/", missing},
		{"a slash at the end of one", "GET /a/orders/7/", missing},
		{"a slash too many", "GET //a/orders", missing},
		{"a slash too many within", "POST /a//orders", missing},
		{"dots", "GET /a/x/../orders", missing},
		{"a dot", "GET /a/orders/.", missing},
		{"the root", "GET /", missing},
		{"above", "GET /a", missing},
		{"beside", "GET /a/orders2", missing},
		{"in capitals", "GET /A/orders", missing},
		{"far below", "GET /a/orders/7/ship/8", missing},
		{"below, unknown", "POST /a/orders/7/sink", missing},

		{"a method that it has not", "PUT /a/orders", not("GET, HEAD, POST")},
		{"options, which is CORS's", "OPTIONS /a/orders", not("GET, HEAD, POST")},
		{"trace", "TRACE /a/orders", not("GET, HEAD, POST")},
		{"a made-up method", "BREW /a/orders", not("GET, HEAD, POST")},
		{"a method in lower case", "post /a/orders", not("GET, HEAD, POST")},
		{"a method of others below", "POST /a/orders/7", not("DELETE, GET, HEAD")},
		{"a method of others further below", "GET /a/orders/7/ship", not("POST")},
		{"an unknown one", "PUT /b", missing},

		{"unavailable", "GET /a/orders/down", refused(503, "unavailable", "Service Unavailable")},
		{"a bug", "GET /a/orders/bug", refused(500, "internal", "Internal Server Error")},
		{"invalid", "GET /a/orders/bad", refused(400, "invalid_data", "1")},
		{"not allowed", "GET /a/orders/never", refused(400, "not_allowed", "2")},
		{"not found", "GET /a/orders/none", refused(404, "not_found", "3")},
	}
	server := httptest.NewServer(shop())
	defer server.Close()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			check(t, "the answer", raw(t, server, tt.line), tt.want)
		})
	}
}

// raw sends a request line as it is, which a client might clean up.
func raw(t *testing.T, server *httptest.Server, line string) reply {
	t.Helper()
	conn := must(net.Dial("tcp", server.Listener.Addr().String()))
	defer conn.Close()
	fmt.Fprintf(conn, "%s HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n", line)
	response := must(http.ReadResponse(bufio.NewReader(conn), nil))
	body := must(io.ReadAll(response.Body))
	check(t, "closing", response.Body.Close(), nil)
	check(t, "Content-Type", response.Header.Get("Content-Type"), "application/json")
	check(t, "Cache-Control", response.Header.Get("Cache-Control"), "no-store")
	check(t, "Location", response.Header.Get("Location"), "")
	return reply{response.StatusCode, strings.TrimSuffix(string(body), "\n"), response.Header.Get("Allow")}
}

func TestRoutesHead(t *testing.T) {
	server := httptest.NewServer(shop())
	defer server.Close()
	response := must(server.Client().Head(server.URL + "/a/orders"))
	check(t, "the status", response.StatusCode, 200)
	check(t, "the length", response.ContentLength, int64(len("\"list\"\n")))
	check(t, "the body", len(must(io.ReadAll(response.Body))), 0)
	check(t, "closing", response.Body.Close(), nil)
}

// What is below a path does not make the path itself, nor a redirection from it.
func TestRoutesBelow(t *testing.T) {
	server := httptest.NewServer(wire.Routes{"GET /files/{path...}": says("file"), "GET /tree/": says("tree")}.Handler(guard))
	defer server.Close()
	for line, status := range map[string]int{
		"GET /files/a/b": 200, "GET /tree/a": 200, "GET /files": 404, "GET /tree": 404, "GET /tree/": 404, "POST /tree": 404, "PUT /tree/a": 405,
	} {
		check(t, line, raw(t, server, line).Status, status)
	}
}

// The routes are those that were there when the handler was made.
func TestRoutesStay(t *testing.T) {
	routes := wire.Routes{"GET /x": says("x")}
	server := httptest.NewServer(routes.Handler(guard))
	defer server.Close()
	routes["GET /y"] = says("y")
	delete(routes, "GET /x")
	check(t, "one that was there", raw(t, server, "GET /x").Status, 200)
	check(t, "one that came later", raw(t, server, "GET /y").Status, 404)
}

func TestRoutesPanics(t *testing.T) {
	tests := []struct {
		name string
		f    func()
		want string
	}{
		{"no guard", func() { wire.Routes{}.Handler(nil) }, "wire: Routes: nil Guard"},
		{"no method", func() { wire.Routes{"/x": says("")}.Handler(guard) }, "wire: Routes: a pattern without a method, or without a handler: /x"},
		{"an empty method", func() { wire.Routes{" /x": says("")}.Handler(guard) }, "wire: Routes: a pattern without a method, or without a handler:  /x"},
		{"no handler", func() { wire.Routes{"GET /x": nil}.Handler(guard) }, "wire: Routes: a pattern without a method, or without a handler: GET /x"},
		{"an empty path", func() { wire.Routes{}.Under("") }, "wire: Under: not a path: "},
		{"the root", func() { wire.Routes{}.Under("/") }, "wire: Under: not a path: /"},
		{"no slash in front", func() { wire.Routes{}.Under("x") }, "wire: Under: not a path: x"},
		{"a slash at the end", func() { wire.Routes{}.Under("/x/") }, "wire: Under: not a path: /x/"},
		{"two slashes", func() { wire.Routes{}.Under("/x//y") }, "wire: Under: not a path: /x//y"},
		{"dots", func() { wire.Routes{}.Under("/x/../y") }, "wire: Under: not a path: /x/../y"},
		{"a wildcard", func() { wire.Routes{}.Under("/{x}") }, "wire: Under: not a path: /{x}"},
		{"an escape", func() { wire.Routes{}.Under("/%78") }, "wire: Under: not a path: /%78"},
		{"a query", func() { wire.Routes{}.Under("/x?y") }, "wire: Under: not a path: /x?y"},
		{"a document that is none", func() { wire.OpenAPI([]byte("{}"), strings.ToLower) }, "wire: OpenAPI: not a document"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			check(t, "the panic", panics(tt.f), tt.want)
		})
	}
}
