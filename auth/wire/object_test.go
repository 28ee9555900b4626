package wire_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/auth/wire"
)

func TestObject(t *testing.T) {
	routes := wire.Routes{"POST /": func(w http.ResponseWriter, r *http.Request) error {
		members, err := wire.Object(w, r)
		if err != nil {
			return err
		}
		wire.Write(w, http.StatusOK, members)
		return nil
	}}
	server := httptest.NewServer(routes.Handler(guard))
	defer server.Close()
	for _, tt := range []struct {
		name, body string
		want       reply
	}{
		{"nothing", "", reply{Status: 200, Body: "{}"}},
		{"any members", `{"Title":null,"n":1e2,"":[{"a":"b"}]}`, reply{Status: 200, Body: `{"":[{"a":"b"}],"Title":null,"n":1e2}`}},
		{"names in two cases", `{"a":1,"A":2}`, reply{Status: 200, Body: `{"A":2,"a":1}`}},
		{"one that is there twice", `{"a":1,"a":2}`, invalid("Field 'a' is there twice")},
		{"one that is there twice, within", `{"x":{"a":1,"a":2}}`, invalid("Field 'a' is there twice")},
		{"an array", `[]`, invalid("The body must be a JSON object")},
		{"null", `null`, invalid("The body must be a JSON object")},
		{"a string", `"x"`, invalid("The body must be a JSON object")},
		{"half an object", `{"a":`, invalid("The body is not valid JSON")},
		{"something behind", `{}{}`, invalid("The body is not valid JSON")},
		{"text that is not Unicode", "{\"a\":\"\xff\"}", invalid("The body has text that is not Unicode")},
		{"depth", `{"a":` + strings.Repeat("[", 32) + strings.Repeat("]", 32) + `}`, invalid("The body has more than 32 levels")},
		{"size", `{"a":"` + strings.Repeat("x", 64<<10) + `"}`, refused(413, "invalid_data", "Invalid request: The body is larger than 64 KiB")},
	} {
		check(t, tt.name, send(t, server, post(server.URL, strings.NewReader(tt.body), isJSON)), tt.want)
	}
	form := post(server.URL, strings.NewReader("a=b"), "Content-Type: application/x-www-form-urlencoded")
	check(t, "a form", send(t, server, form), refused(415, "invalid_data", "Invalid request: The body must be application/json"))
}
