package login_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/auth/wire"
	"github.com/countersign-go/countersign/jwks"
	"github.com/countersign-go/countersign/jwtx"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/memory"
)

// A pinCard is a way to log in of one's own: a card with a number and 256 random bits, of which the digest is kept. A password
// needs a slow hash: package emailpass has that.
type pinCard struct{}

func (pinCard) Authenticate(ctx context.Context, req *login.Request) (login.Outcome, error) {
	number, err := req.Text("number")
	if err != nil {
		return login.Outcome{}, err
	}
	bits, err := req.Text("bits")
	if err != nil {
		return login.Outcome{}, err
	}
	kept, err := req.Find(ctx, number) // counts as an attempt
	if err != nil && !errors.Is(err, login.ErrNotFound) {
		return login.Outcome{}, err
	}
	if subtle.ConstantTimeCompare([]byte(kept.Secret.Reveal()), []byte(cardDigest(bits))) != 1 {
		return login.Outcome{}, login.Reject("Invalid card")
	}
	return login.Outcome{EntityID: number, Method: "swk"}, nil
}

func (pinCard) Register(_ context.Context, req *login.Request) (login.Outcome, error) {
	number, errNumber := req.Text("number")
	bits, errBits := req.Text("bits")
	if err := errors.Join(errNumber, errBits); err != nil {
		return login.Outcome{}, err
	}
	if number == "" || bits == "" { // or nothing at all would log in to a card without bits
		return login.Outcome{}, wire.Invalid("Invalid request: Fields 'number' and 'bits' are required")
	}
	return login.Outcome{EntityID: number, Secret: token.NewSecret(cardDigest(bits))}, nil
}

func cardDigest(bits string) string {
	sum := sha256.Sum256([]byte(bits))
	return hex.EncodeToString(sum[:])
}

// A shop is a small server whole: people register, become customers, and log in.
type shop struct {
	service *login.Service
	guard   *auth.Guard
	mux     *http.ServeMux
}

func newShop() (*shop, error) {
	secret := make([]byte, 32) // a program keeps it, and gives it to all its processes
	rand.Read(secret)
	key, err := jwks.NewSecret(secret, &jwks.KeyOptions{Algorithm: "HS256"})
	if err != nil {
		return nil, err
	}
	keys, err := jwks.NewSet(key)
	if err != nil {
		return nil, err
	}
	const issuer, audience = "https://shop.example", "shop"
	signer, err := jwtx.NewSigner(jwtx.SignerConfig{Issuer: issuer, Audience: []string{audience}, Keys: keys})
	if err != nil {
		return nil, err
	}
	sessions, err := session.New(session.Config{Store: memory.NewSessions(nil), Keys: [][]byte{secret}, Minter: signer})
	if err != nil {
		return nil, err
	}
	verifier, err := jwtx.NewVerifier(jwtx.Config{
		Issuer: issuer, Audience: []string{audience}, Algorithms: []string{"HS256"}, Keys: keys,
		Kinds:   []jwtx.Kind{jwtx.Access, jwtx.Registration},
		Revoked: func(ctx context.Context, r jwtx.Revocable) (bool, error) { return sessions.Ended(ctx, r.SessionID) },
	})
	if err != nil {
		return nil, err
	}
	service, err := login.New(login.Config{
		Store: memory.NewIdentities(nil), Tokens: memory.NewOneTimeTokens(nil), Attempts: memory.NewAttempts(nil), Sessions: sessions,
		Methods: []login.Method{{ID: "card", DisplayName: "Customer card", Provider: pinCard{}}},
		Actors:  map[string][]string{"customer": {"card"}},
	})
	if err != nil {
		return nil, err
	}
	s := &shop{service: service, guard: auth.New(auth.AnyOf(sessions.Scheme(), auth.Bearer(verifier, nil)), nil), mux: http.NewServeMux()}
	s.mux.Handle(login.DefaultPath+"/", login.NewHandler(service, s.guard, nil))
	s.mux.Handle("POST /store/customers", s.guard.Require(auth.AllowUnregistered, auth.ActorType("customer"))(http.HandlerFunc(s.create)))
	s.mux.Handle("GET /store/customers/me", s.guard.Require(auth.ActorType("customer"))(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, _ := auth.FromContext(r.Context())
		fmt.Fprintf(w, "you are %s", who.Actor.ID)
	})))
	return s, nil
}

// create makes a customer of somebody who has registered.
func (s *shop) create(w http.ResponseWriter, r *http.Request) {
	who, _ := auth.FromContext(r.Context())
	customer := auth.Actor{Type: "customer", ID: "cus_1"} // in a database
	if err := s.service.Link(r.Context(), who.IdentityID, customer); err != nil {
		s.guard.Refuse(w, r, login.Refusal(err)) // and the customer is not made
		return
	}
	fmt.Fprintf(w, "made %s", customer.ID)
}

// ask sends a request, prints the answer, and returns the token in it, if there is one.
func (s *shop) ask(line, body, access string) string {
	method, path, _ := strings.Cut(line, " ")
	r := httptest.NewRequest(method, "https://shop.example"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	if access != "" {
		r.Header.Set("Authorization", "Bearer "+access)
	}
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, r)
	var answer struct {
		Token string `json:"token"`
	}
	if json.Unmarshal(w.Body.Bytes(), &answer) == nil && answer.Token != "" {
		fmt.Println(line, w.Code, "a token")
		return answer.Token
	}
	fmt.Println(line, w.Code, strings.TrimSpace(w.Body.String()))
	return ""
}

func ExampleNew() {
	s, err := newShop()
	if err != nil {
		fmt.Println(err)
		return
	}
	const card = `{"number":"4711","bits":"256 random ones"}`
	registration := s.ask("POST /auth/customer/card/register", card, "")
	s.ask("GET /store/customers/me", "", registration) // who is nobody's customer yet
	s.ask("POST /store/customers", "", registration)
	access := s.ask("POST /auth/token/refresh", "", registration)
	s.ask("GET /store/customers/me", "", access)

	s.ask("POST /auth/customer/card", `{"number":"4711","bits":"guessed"}`, "")
	access = s.ask("POST /auth/customer/card", card, "")
	s.ask("DELETE /auth/session", "", access)
	s.ask("GET /store/customers/me", "", access)
	// Output:
	// POST /auth/customer/card/register 200 a token
	// GET /store/customers/me 401 {"type":"unauthorized","message":"Unauthorized"}
	// POST /store/customers 200 made cus_1
	// POST /auth/token/refresh 200 a token
	// GET /store/customers/me 200 you are cus_1
	// POST /auth/customer/card 401 {"type":"unauthorized","message":"Invalid card"}
	// POST /auth/customer/card 200 a token
	// DELETE /auth/session 200 {"success":true}
	// GET /store/customers/me 401 {"type":"unauthorized","message":"Unauthorized"}
}

// The likely mistake: who registers twice, or sends a form twice, must not be made two customers.
func ExampleService_Link() {
	s, err := newShop()
	if err != nil {
		fmt.Println(err)
		return
	}
	registration := s.ask("POST /auth/customer/card/register", `{"number":"4711","bits":"256 random ones"}`, "")
	s.ask("POST /store/customers", "", registration)
	s.ask("POST /store/customers", "", registration)
	// Output:
	// POST /auth/customer/card/register 200 a token
	// POST /store/customers 200 made cus_1
	// POST /store/customers 400 {"type":"not_allowed","message":"The identity is linked to an actor of this type already"}
}

// A customer gets a second card. What connects them is that both were shown just now: by who is logged in, and by who has
// logged in with the other card, whose token the page sends along.
func ExampleService_Connect() {
	s, err := newShop()
	if err != nil {
		fmt.Println(err)
		return
	}
	fresh := auth.Fresh(10 * time.Minute)
	connect := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, _ := auth.FromContext(r.Context())
		shown := r.Clone(r.Context())
		shown.Header = http.Header{"Authorization": {r.Header.Get("X-Other-Authorization")}} // and no cookie
		other, err := s.guard.Check(shown, auth.AllowUnregistered, fresh)
		if err == nil {
			err = s.service.Connect(r.Context(), who, other)
		}
		if err != nil {
			s.guard.Refuse(w, r, login.Refusal(err))
			return
		}
		fmt.Fprintf(w, "%s has another card", who.Actor.ID)
	})
	s.mux.Handle("POST /store/customers/me/cards", s.guard.Require(fresh)(connect))
	const first, second = `{"number":"4711","bits":"256 random ones"}`, `{"number":"4712","bits":"256 others"}`
	s.ask("POST /store/customers", "", s.ask("POST /auth/customer/card/register", first, ""))
	s.ask("POST /auth/customer/card/register", second, "")
	access, other := s.ask("POST /auth/customer/card", first, ""), s.ask("POST /auth/customer/card", second, "")

	r := httptest.NewRequest("POST", "https://shop.example/store/customers/me/cards", nil)
	r.Header.Set("Authorization", "Bearer "+access)
	r.Header.Set("X-Other-Authorization", "Bearer "+other)
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, r)
	fmt.Println(w.Code, strings.TrimSpace(w.Body.String()))
	s.ask("GET /store/customers/me", "", s.ask("POST /auth/customer/card", second, ""))
	// Output:
	// POST /auth/customer/card/register 200 a token
	// POST /store/customers 200 made cus_1
	// POST /auth/customer/card/register 200 a token
	// POST /auth/customer/card 200 a token
	// POST /auth/customer/card 200 a token
	// 200 cus_1 has another card
	// POST /auth/customer/card 200 a token
	// GET /store/customers/me 200 you are cus_1
}

// Somebody is dismissed: nothing that they have works from now on.
func ExampleService_Disable() {
	s, err := newShop()
	if err != nil {
		fmt.Println(err)
		return
	}
	const card = `{"number":"4711","bits":"256 random ones"}`
	registration := s.ask("POST /auth/customer/card/register", card, "")
	ctx := context.Background()
	identity, err := s.service.Find(ctx, "card", "4711")
	fmt.Println(err, s.service.Disable(ctx, identity.ID))
	s.ask("POST /auth/token/refresh", "", registration)
	s.ask("POST /auth/customer/card", card, "")
	// Output:
	// POST /auth/customer/card/register 200 a token
	// <nil> <nil>
	// POST /auth/token/refresh 401 {"type":"unauthorized","message":"Unauthorized"}
	// POST /auth/customer/card 401 {"type":"unauthorized","message":"Invalid card"}
}

// A page to change one's password, behind a guard, which also wants that the log-in is not old.
func ExampleService_ChangeCredentials() {
	s := newSite(nil) // whose provider "password" is an Updater, as those of package emailpass are
	handler := s.guard.Require(auth.Fresh(10 * time.Minute))(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, _ := auth.FromContext(r.Context())
		proof := map[string]string{"email": r.FormValue("email"), "password": r.FormValue("old")}
		next := map[string]string{"password": r.FormValue("new")}
		if err := s.ChangeCredentials(r.Context(), who, "password", r, proof, next); err != nil {
			s.guard.Refuse(w, r, login.Refusal(err))
			return
		}
		fmt.Fprint(w, "changed, and you are logged out everywhere else")
	}))
	access := exampleCustomer(s)
	for _, old := range []string{"guessed", "correct horse"} {
		form := strings.NewReader("email=ann%40example.com&old=" + strings.ReplaceAll(old, " ", "+") + "&new=battery+staple")
		r := httptest.NewRequest("POST", "https://shop.example/account/password", form)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Authorization", "Bearer "+access)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		fmt.Println(w.Code, strings.TrimSpace(w.Body.String()))
	}
	// Output:
	// 401 {"type":"unauthorized","message":"Invalid email or password"}
	// 200 changed, and you are logged out everywhere else
}

// exampleCustomer returns an access token of somebody who is a customer.
func exampleCustomer(s *site) string {
	s.browser().send(toPassword+"/register", annsLogin)
	identity := must(s.Find(context.Background(), "password", "ann@example.com"))
	if err := s.Link(context.Background(), identity.ID, auth.Actor{Type: "customer", ID: "cus_1"}); err != nil {
		return err.Error()
	}
	return s.browser().send(toPassword, annsLogin).at("token")
}
