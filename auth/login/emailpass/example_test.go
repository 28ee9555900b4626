package emailpass_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/login/emailpass"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/memory"
)

// Customers register and log in by e-mail address and password.
func ExampleNew() {
	passwords, err := emailpass.New(emailpass.Config{
		Refuse: func(_ context.Context, password string) (string, error) {
			if strings.Contains(strings.ToLower(password), "examplecorp") {
				return "must not have our name in it", nil
			}
			return "", nil // or ask who knows of breaches
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	sessions := exampleSessions()
	service, err := login.New(login.Config{
		Store: memory.NewIdentities(nil), Tokens: memory.NewOneTimeTokens(nil), Attempts: memory.NewAttempts(nil), Sessions: sessions,
		Methods: []login.Method{{ID: emailpass.DefaultID, Provider: passwords}},
		Actors:  map[string][]string{"customer": {emailpass.DefaultID}},
		Logger:  slog.New(slog.DiscardHandler),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.Handle("/auth/", login.NewHandler(service, auth.New(sessions.Scheme(), nil), nil))

	send := func(path, body string) {
		r := httptest.NewRequest("POST", "https://example.com/auth/customer/emailpass"+path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		fmt.Println(w.Code, strings.TrimSpace(w.Body.String()))
	}
	send("/register", `{"email": "Ann@example.com", "password": "password"}`)
	send("/register", `{"email": "Ann@example.com", "password": "I buy at ExampleCorp"}`)
	send("/register", `{"email": "Ann@example.com", "password": "correct horse battery"}`)
	send("", `{"email": "ann@example.com", "password": "correct horse battery"}`)
	send("", `{"email": "ann@example.com", "password": "Correct horse battery"}`)
	send("", `{"email": "bob@example.com", "password": "correct horse battery"}`)
	// Output:
	// 400 {"type":"invalid_data","message":"Invalid request: Field 'password' must have at least 15 characters"}
	// 400 {"type":"invalid_data","message":"Invalid request: Field 'password' must not have our name in it"}
	// 200 {"token":"the token of a customer"}
	// 200 {"token":"the token of a customer"}
	// 401 {"type":"unauthorized","message":"Invalid email or password"}
	// 401 {"type":"unauthorized","message":"Invalid email or password"}
}

// exampleSessions are those of one process, with tokens that nobody would use: see jwtx.Signer.
func exampleSessions() *session.Manager {
	return must(session.New(session.Config{
		Store: memory.NewSessions(nil), Keys: [][]byte{[]byte("32 bytes from crypto/rand, or so")},
		Minter: session.MinterFunc(func(_ context.Context, ac auth.AuthContext) (string, error) {
			return "the token of a " + ac.Actor.Type, nil
		}),
	}))
}

// All mistakes are told at once.
func ExampleNew_mistakes() {
	_, err := emailpass.New(emailpass.Config{
		MinLength: 6,
		Argon2id:  emailpass.Params{Memory: 4096, Time: 3, Threads: 1},
		Keys:      [][]byte{[]byte("secret")},
	})
	fmt.Println(err)
	// Output:
	// emailpass: MinLength is not between 8 and 64
	// emailpass: Argon2id is weaker than OWASP allows
	// emailpass: Keys[0] has 6 bytes, fewer than 32
}

// The likely mistake: an address is compared or looked up as it was typed. EntityID has the spelling that is.
func ExampleProvider_EntityID() {
	passwords := must(emailpass.New(emailpass.Config{}))
	for _, typed := range []string{"ann@example.com", " Ann@Example.com", "a.nn@example.com", "Ann <ann@example.com>"} {
		id, err := passwords.EntityID(typed)
		fmt.Printf("%q %t %v\n", id, typed == "ann@example.com", err)
	}
	// Output:
	// "ann@example.com" true <nil>
	// "ann@example.com" false <nil>
	// "a.nn@example.com" false <nil>
	// "" false auth: 400 Invalid request: Field 'email' must be an e-mail address
}

// Accounts come along from another system, with the hashes of their passwords.
func ExampleProvider_Import() {
	const hash = "c2NyeXB0AA8AAAAIAAAAAR7GstIZtbtzH1HbXzTaPfRkS6t1oVjp5WJ78ZqyfEALsETkJ5Kq+BWor38N4ImIVJ2X9jJejtmEMIIKbG09yZhMN0IkU6qichm21PagtSx+"
	// Without Imported, how long a refusal takes would tell who has come along.
	passwords := must(emailpass.New(emailpass.Config{Imported: token.NewSecret(hash)}))
	way, err := passwords.Import("Ann@example.com", hash)
	if err != nil {
		fmt.Println(err) // of that one account: the others go on
		return
	}
	fmt.Println(way.Provider, way.EntityID, way.Identifier, way.Secret)
	// Then, for each: service.Create(ctx, login.AuthIdentity{Providers: []login.ProviderIdentity{way}})

	_, err = passwords.Import("bob@example.com", "5f4dcc3b5aa765d61d8327deb882cf99") // no hash that anybody should keep
	fmt.Println(err)
	// Output:
	// emailpass ann@example.com Ann@example.com [redacted]
	// emailpass: hash that cannot be read
}
