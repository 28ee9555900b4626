package wire_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/countersign-go/countersign/auth/wire"
)

func Example() {
	routes := wire.Routes{
		"POST /greetings": func(w http.ResponseWriter, r *http.Request) error {
			var body struct {
				Name string `json:"name"`
			}
			if err := wire.Decode(w, r, &body); err != nil {
				return err
			}
			if body.Name == "" {
				return wire.Invalid("Invalid request: Field 'name' is required")
			}
			wire.Write(w, http.StatusOK, map[string]string{"greeting": "Hello, " + body.Name})
			return nil
		},
	}
	handler := guard.Require()(routes.Handler(guard))

	for _, body := range []string{`{"name": "Ann"}`, `{"Name": "Ann"}`, ``} {
		w, r := httptest.NewRecorder(), httptest.NewRequest("POST", "/greetings", strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer ann")
		r.Header.Set("Content-Type", "application/json")
		handler.ServeHTTP(w, r)
		fmt.Print(w.Code, " ", w.Body)
	}
	// Output:
	// 200 {"greeting":"Hello, Ann"}
	// 400 {"type":"invalid_data","message":"Invalid request: Unrecognized fields: 'Name'"}
	// 400 {"type":"invalid_data","message":"Invalid request: Field 'name' is required"}
}

func ExampleParseQuery() {
	r := httptest.NewRequest("GET", "/orders?limit=5&id[]=a&id[]=b&colour=red", nil)
	q := wire.ParseQuery(r)
	fmt.Println(q.Int("limit", 20, 1, 100), q.List("id"))
	fmt.Println(q.Err())
	// Output:
	// 5 [a b]
	// auth: 400 Invalid request: Unrecognized fields: 'colour'
}
