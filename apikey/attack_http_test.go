package apikey_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func twoAuthorizations(t *testing.T) {
	s := newSite()
	_, text := s.issue(t, nil)
	s.refused(t, "the same twice", malformed(asksBasic), "Authorization: Bearer "+text, "Authorization: Bearer "+text)
	s.refused(t, "two schemes", malformed(asksBasic), "Authorization: Bearer "+text, basic(text+":"))
	s.refused(t, "one that nobody knows", malformed(asksBasic), "Authorization: Bearer "+text, "Authorization: Digest x")
}

func twoBearers(t *testing.T) {
	s := newSite()
	_, text := s.issue(t, nil)
	s.refused(t, "a list", malformed(asksBearer), "Authorization: Bearer "+text+", Bearer "+text)
	s.refused(t, "a list of tokens", malformed(asksBearer), "Authorization: Bearer "+text+","+text)
}

func bareBearer(t *testing.T) {
	s := newSite()
	_, text := s.issue(t, nil)
	for _, value := range []string{"Bearer", "Bearer ", "Bearer" + text, "bearer\t" + text} {
		s.refused(t, value, malformed(asksBasic), "Authorization: "+value)
	}
}

func spoofedFields(t *testing.T) {
	s := newSite()
	k, _ := s.issue(t, nil)
	for _, line := range []string{"X-User: ann", "X-Api-Key-Id: " + k.ID, "X-Internal: 1", "X-Forwarded-For: 127.0.0.1", "User-Agent: kube-probe/1.31"} {
		check(t, line, s.get("/", line), none)
	}
}

func cachedRefusal(t *testing.T) {
	s := newSite()
	k, text := s.issue(t, nil)
	check(t, "without a key", s.get("/").Cache, "no-store")
	check(t, "with a bad one", s.get("/", "X-API-Key: x").Cache, "no-store")
	check(t, "with one that is not good for it", s.get("/orders", "X-API-Key: "+text).Cache, "no-store")
	check(t, "with a good one", s.get("/", "X-API-Key: "+text), passed(k))
}

func brokenStoreTellsNothing(t *testing.T) {
	for _, call := range calls {
		s := newSite()
		k, text := s.issue(t, nil)
		s.store.on(call.verb, answering(errRefused))
		got := fmt.Sprint(s.send(call.by(k, text)))
		for _, word := range []string{"hunter2", "10.0.0.7", "dial", k.ID, secretOf(text)} {
			check(t, call.name+" says "+word, strings.Contains(got, word), false)
		}
		check(t, call.name+": the log has the secret", strings.Contains(s.log.String(), secretOf(text)), false)
	}
}

// spaces go over a connection, since it is net/http that trims a field.
func spaces(t *testing.T) {
	s := newSite()
	k, text := s.issue(t, nil)
	server := httptest.NewServer(s.mux)
	defer server.Close()
	tests := []struct {
		name, field string
		status      int
		body        string
	}{
		{"none", text, 200, "api-key " + k.ID},
		{"before and after it", " \t " + text + " \t ", 200, "api-key " + k.ID},
		{"in it", text[:40] + " " + text[40:], 401, ""},
		{"a tab in it", text[:40] + "\t" + text[40:], 401, ""},
		{"something after it", text + " x", 401, ""},
	}
	for _, tt := range tests {
		conn := must(net.Dial("tcp", server.Listener.Addr().String()))
		fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: example.com\r\nX-API-Key:%s\r\nConnection: close\r\n\r\n", tt.field)
		response := must(http.ReadResponse(bufio.NewReader(conn), nil))
		check(t, tt.name, response.StatusCode, tt.status)
		check(t, tt.name+": passed as", strings.Contains(string(must(io.ReadAll(response.Body))), tt.body), true)
		check(t, "closing", conn.Close(), nil)
	}
	for _, field := range []string{" " + text, text + " ", "\t" + text, text + "\n", text + "\r\nX-Admin: 1"} {
		s.refused(t, "what no server lets through", invalid(asksHeader), "X-API-Key: "+field)
	}
}

func basicForms(t *testing.T) {
	s := newSite()
	_, text := s.issue(t, nil)
	for what, line := range map[string]string{
		"colons in the password": basic("user:pa:ss"),
		"colons after a key":     basic(text + "::"),
		"a key and a password":   basic(text + ":" + text),
		"no colon":               basic(text),
		"no user":                basic(":" + text),
		"bad base64":             "Authorization: Basic !!!",
		"base64 without padding": strings.TrimRight(basic(text+":"), "="),
		"the bare key":           "Authorization: Basic " + text,
		"100 KiB":                basic(strings.Repeat("a", 100<<10) + ":"),
		"a NUL":                  basic(text + "\x00:"),
		"a newline":              basic(text + "\n:"),
		"not UTF-8":              basic("\xff\xfe:"),
	} {
		check(t, what, s.get("/", line), invalid(asksBasic))
	}
	check(t, "handlers called", s.calls.Load(), 0)
	check(t, "reads of the store", s.store.count("Get"), 0)
}
