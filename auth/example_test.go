package auth_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/countersign-go/countersign/auth"
)

// keys is the verifier of the examples. Yours is an apikey.Manager, a jwtx.Verifier, or something of your own.
var keys = auth.TokenVerifierFunc(func(_ context.Context, c auth.Credential) (*auth.AuthContext, error) {
	if c.Token != "k3y" {
		return nil, fmt.Errorf("%w: no such key", auth.ErrInvalidCredentials)
	}
	return &auth.AuthContext{
		Actor:   auth.Actor{Type: "user", ID: "ann"},
		Scopes:  auth.NewSet("reports:read"),
		Factors: []auth.Factor{{Method: "pwd", At: time.Now().Add(-time.Hour)}},
	}, nil
})

// hello is the handler that is guarded.
var hello = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	who, ok := auth.FromContext(r.Context())
	if !ok {
		who.Actor.ID = "stranger"
	}
	fmt.Fprintln(w, "hello", who.Actor.ID)
})

// visit sends a request with some fields to h and prints the answer.
func visit(h http.Handler, fields ...string) {
	r := httptest.NewRequest("GET", "https://shop.example/reports", nil)
	for _, field := range fields {
		name, value, _ := strings.Cut(field, ": ")
		r.Header.Add(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	for _, challenge := range w.Header()["Www-Authenticate"] {
		fmt.Println("WWW-Authenticate:", challenge)
	}
	fmt.Println(strings.TrimSpace(fmt.Sprint(w.Code, " ", w.Body)))
}

// One guard stands before all routes that take the same credentials. Who may pass is said at each route.
func Example() {
	guard := auth.New(auth.Bearer(keys, nil), nil)

	mux := http.NewServeMux()
	mux.Handle("GET /reports", guard.Require(auth.Scopes("reports:read"))(hello))
	mux.Handle("POST /reports", guard.Require(auth.Scopes("reports:write"))(hello))

	visit(mux, "Authorization: Bearer k3y")
	visit(mux)
	// Output:
	// 200 hello ann
	// WWW-Authenticate: Bearer realm="api"
	// 401 {"type":"unauthorized","message":"Unauthorized"}
}

func ExampleBearer() {
	scheme := auth.Bearer(keys, &auth.BearerOptions{
		Realm:            "shop",
		ResourceMetadata: "https://shop.example/.well-known/oauth-protected-resource",
	})
	h := auth.New(scheme, nil).Require()(hello)
	visit(h, "Authorization: Bearer k3y")
	visit(h, "Authorization: Bearer wrong")
	// Output:
	// 200 hello ann
	// WWW-Authenticate: Bearer realm="shop", resource_metadata="https://shop.example/.well-known/oauth-protected-resource", error="invalid_token"
	// 401 {"type":"unauthorized","message":"Unauthorized"}
}

func ExampleHeader() {
	h := auth.New(auth.Header("X-API-Key", keys), nil).Require()(hello)
	visit(h, "X-API-Key: k3y")
	visit(h, "X-API-Key: k3y", "X-API-Key: another")
	// Output:
	// 200 hello ann
	// WWW-Authenticate: ApiKey realm="api", header="X-Api-Key", error="invalid_request"
	// 400 {"type":"invalid_request","message":"Malformed or repeated credentials"}
}

// What curl -u k3y: sends.
func ExampleBasic() {
	h := auth.New(auth.Basic(keys, nil), nil).Require()(hello)
	visit(h, "Authorization: Basic azN5Og==")
	// Output: 200 hello ann
}

// A cookie that is no good counts as none, so it cannot lock a browser out.
func ExampleCookie() {
	guard := auth.New(auth.Cookie("__Host-token", keys, nil), nil)
	visit(guard.Require()(hello), "Cookie: __Host-token=k3y")
	visit(guard.Optional()(hello), "Cookie: __Host-token=stale")
	// Output:
	// 200 hello ann
	// 200 hello stranger
}

// A robots verifier takes tokens of one shape.
type robots struct{}

func (robots) Recognizes(token string) bool { return strings.HasPrefix(token, "robot_") }

func (robots) VerifyToken(_ context.Context, c auth.Credential) (*auth.AuthContext, error) {
	return &auth.AuthContext{Actor: auth.Actor{Type: "robot", ID: strings.TrimPrefix(c.Token, "robot_")}}, nil
}

// Tokens of two kinds travel in one field. Two schemes for it would claim each other's, and AnyOf panics.
func ExampleTokens() {
	h := auth.New(auth.Bearer(auth.Tokens(robots{}, keys), nil), nil).Require()(hello)
	visit(h, "Authorization: Bearer robot_7")
	visit(h, "Authorization: Bearer k3y")
	// Output:
	// 200 hello 7
	// 200 hello ann
}

// An explicit credential decides alone, whatever cookies come along.
func ExampleAnyOf() {
	scheme := auth.AnyOf(auth.Cookie("__Host-token", keys, nil), auth.Bearer(keys, nil))
	h := auth.New(scheme, nil).Require()(hello)
	visit(h, "Cookie: __Host-token=k3y")
	visit(h, "Cookie: __Host-token=k3y", "Authorization: Bearer wrong")
	visit(h)
	// Output:
	// 200 hello ann
	// WWW-Authenticate: Bearer realm="api", error="invalid_token"
	// 401 {"type":"unauthorized","message":"Unauthorized"}
	// WWW-Authenticate: Cookie realm="api"
	// WWW-Authenticate: Bearer realm="api"
	// 401 {"type":"unauthorized","message":"Unauthorized"}
}

// A key alone is not enough here: a device has to prove itself, too.
func ExampleAllOf() {
	scheme := auth.AllOf(auth.Bearer(keys, nil), auth.Header("X-Device", keys))
	h := auth.New(scheme, nil).Require()(hello)
	visit(h, "Authorization: Bearer k3y", "X-Device: k3y")
	visit(h, "Authorization: Bearer k3y")
	// Output:
	// 200 hello ann
	// WWW-Authenticate: ApiKey realm="api", header="X-Device"
	// 401 {"type":"unauthorized","message":"Unauthorized"}
}

// An Account is the application's own.
type Account struct {
	Name     string
	Disabled bool
}

// Then adds what the application knows, and refuses whom it does not want any more.
func ExampleThen() {
	accounts := map[string]*Account{"ann": {Name: "Ann", Disabled: true}}

	scheme := auth.Then(auth.Bearer(keys, nil), func(_ *http.Request, ac *auth.AuthContext) (*auth.AuthContext, error) {
		account := accounts[ac.Actor.ID]
		if account == nil || account.Disabled {
			return nil, fmt.Errorf("%w: a disabled account", auth.ErrInvalidCredentials)
		}
		ac.Roles = auth.NewSet("clerk")
		ac.Attach(account)
		return ac, nil
	})
	visit(auth.New(scheme, nil).Require()(hello), "Authorization: Bearer k3y")
	// Output:
	// WWW-Authenticate: Bearer realm="api", error="invalid_token"
	// 401 {"type":"unauthorized","message":"Unauthorized"}
}

func ExampleValue() {
	var ac auth.AuthContext
	ac.Attach(&Account{Name: "Ann"}) // by Then, usually

	account, ok := auth.Value[*Account](ac)
	fmt.Println(account.Name, ok)
	_, ok = auth.Value[Account](ac) // the likely mistake: a pointer was attached
	fmt.Println(ok)
	// Output:
	// Ann true
	// false
}

// Strangers pass, but not with credentials that are no good.
func ExampleGuard_Optional() {
	h := auth.New(auth.Bearer(keys, nil), nil).Optional()(hello)
	visit(h)
	visit(h, "Authorization: Bearer k3y")
	visit(h, "Authorization: Bearer wrong")
	// Output:
	// 200 hello stranger
	// 200 hello ann
	// WWW-Authenticate: Bearer realm="api", error="invalid_token"
	// 401 {"type":"unauthorized","message":"Unauthorized"}
}

// Check is for handlers that answer in a way of their own.
func ExampleGuard_Check() {
	guard := auth.New(auth.Bearer(keys, nil), nil)
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Authorization", "Bearer k3y")

	ac, err := guard.Check(r)
	fmt.Println(ac.Actor.ID, err)

	_, err = guard.Check(r, auth.Roles("admin"))
	var refusal *auth.Error
	fmt.Println(errors.As(err, &refusal), refusal.Status)
	// Output:
	// ann <nil>
	// true 403
}

func ExampleScopes() {
	guard := auth.New(auth.Bearer(keys, nil), nil)
	visit(guard.Require(auth.Scopes("reports:read"))(hello), "Authorization: Bearer k3y")
	visit(guard.Require(auth.Scopes("reports:read", "reports:write"))(hello), "Authorization: Bearer k3y")
	// Output:
	// 200 hello ann
	// WWW-Authenticate: Bearer realm="api", error="insufficient_scope", scope="reports:read reports:write"
	// 403 {"type":"forbidden","message":"Forbidden"}
}

// Whoever logged in an hour ago has to do so again before changing a password.
func ExampleFresh() {
	h := auth.New(auth.Bearer(keys, nil), nil).Require(auth.Fresh(10 * time.Minute))(hello)
	visit(h, "Authorization: Bearer k3y")
	// Output:
	// WWW-Authenticate: Bearer realm="api", error="insufficient_user_authentication", error_description="A more recent authentication is required", max_age="600"
	// 401 {"type":"unauthorized","message":"A more recent authentication is required"}
}

func ExampleProblem() {
	guard := auth.New(auth.Bearer(keys, nil), &auth.Options{ErrorHandler: auth.Problem})
	visit(guard.Require(auth.Roles("admin"))(hello), "Authorization: Bearer k3y")
	// Output: 403 {"type":"about:blank","title":"Forbidden","status":403}
}

// A browser that opens a page is sent to the login page, a script gets the status.
func ExampleRedirect() {
	guard := auth.New(auth.Cookie("__Host-token", keys, nil), &auth.Options{ErrorHandler: auth.Redirect("/login")})
	h := guard.Require()(hello)
	visit(h, "Sec-Fetch-Mode: navigate")
	visit(h, "Sec-Fetch-Mode: cors")
	// Output:
	// WWW-Authenticate: Cookie realm="api"
	// 303
	// WWW-Authenticate: Cookie realm="api"
	// 401 {"type":"unauthorized","message":"Unauthorized"}
}

// A scheme of your own is one method. It says NoCredentials, itself, for a request that has nothing for it.
func ExampleNoCredentials() {
	none := auth.NoCredentials(auth.Challenge{Scheme: "Ticket"}.With(auth.Param{Name: "realm", Value: "gate"}))

	tickets := auth.SchemeFunc(func(r *http.Request) (*auth.AuthContext, error) {
		switch ticket := r.Header.Get("Ticket"); ticket {
		case "":
			return nil, none
		case "t1cket":
			return &auth.AuthContext{Scheme: "ticket", Actor: auth.Actor{Type: "guest", ID: "gus"}}, nil
		}
		return nil, fmt.Errorf("%w: not a ticket of ours", auth.ErrInvalidCredentials)
	})
	guard := auth.New(auth.AnyOf(tickets, auth.Bearer(keys, nil)), nil)

	visit(guard.Require()(hello), "Ticket: t1cket")
	visit(guard.Require()(hello), "Authorization: Bearer k3y")
	visit(guard.Require()(hello))
	// Output:
	// 200 hello gus
	// 200 hello ann
	// WWW-Authenticate: Ticket realm="gate"
	// WWW-Authenticate: Bearer realm="api"
	// 401 {"type":"unauthorized","message":"Unauthorized"}
}

// The likely mistake: an error that wraps NoCredentials is a failure. A door that it opened could be opened by accident.
func ExampleNoCredentials_wrapped() {
	wraps := auth.SchemeFunc(func(*http.Request) (*auth.AuthContext, error) {
		return nil, fmt.Errorf("ticket: %w", auth.NoCredentials())
	})
	visit(auth.New(wraps, quiet).Optional()(hello))
	// Output: 500 {"type":"internal","message":"Internal Server Error"}
}
