// Command customprovider lets people log in by a method of its own, a code that is mailed to them, does so as a client and
// prints the answers. The provider is in code.go, the server in shop.go, the suite that the provider passes in the test.
//
//	go run ./examples/customprovider
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
)

func main() {
	outbox := make(chan string, 1)
	service, handler := newShop(codes{page: shop + "/code", mail: func(_, code string) { outbox <- code }})
	ann := login.ProviderIdentity{Provider: "code", EntityID: "ann@example.com"}
	must(service.Create(context.Background(), login.AuthIdentity{
		Providers: []login.ProviderIdentity{ann}, Actors: []auth.Actor{{Type: "customer", ID: "7"}},
	}))
	server := httptest.NewTLSServer(handler)
	defer server.Close()
	client := server.Client()
	client.Jar = must(cookiejar.New(nil)) // the code is good in the browser that asked for it
	post := func(path string, fields map[string]string) *url.URL {
		res := must(client.Post(server.URL+"/auth/customer/code"+path, "application/json", bytes.NewReader(must(json.Marshal(fields)))))
		defer res.Body.Close()
		var answer struct{ Location, Token, Message string }
		_ = json.NewDecoder(res.Body).Decode(&answer)
		fmt.Printf("POST %-10s %d %.60s\n", path, res.StatusCode, answer.Location+answer.Token+answer.Message)
		return must(url.Parse(answer.Location))
	}
	state := post("", map[string]string{"email": "Ann@example.com"}).Query().Get("state")
	code := <-outbox
	fmt.Println("outbox: the code is", code)
	post("/callback", map[string]string{"state": state, "code": code})
	post("/callback", map[string]string{"state": state, "code": code}) // once
}
