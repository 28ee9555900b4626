package session_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
)

const refresh = "POST " + session.DefaultRefreshPath

func refreshing(text string) string { return fmt.Sprintf(`{"refresh_token":%q}`, text) }

func TestRefreshHandler(t *testing.T) {
	d := newDesk(t, func(c *session.Config) { c.RefreshGrace = 5 * time.Minute })
	tokens := d.begin(t, ann)
	first := d.do(t, "", refresh, refreshing(tokens.Refresh.Reveal()))
	check(t, "the status", first.Status, 200)
	check(t, "the access token", first.at("token"), tokens.Access.Reveal())
	check(t, "its type", first.at("token_type"), "Bearer")
	check(t, "the members", len(first.Body), 3) // no JWT, so that nobody knows when it expires
	check(t, "the next token is another", first.at("refresh_token") == tokens.Refresh.Reveal(), false)
	check(t, "a cookie", first.Header.Get("Set-Cookie"), "")
	again := d.do(t, "", refresh, refreshing(tokens.Refresh.Reveal()))
	check(t, "the same once more", again.Text, first.Text)
	next := d.do(t, "x", refresh, refreshing(first.at("refresh_token")), "Origin: https://evil.example", "Sec-Fetch-Site: cross-site")
	check(t, "the next one, beside bad credentials, from anywhere", next.Status, 200)
	reused := d.do(t, "", refresh, refreshing(tokens.Refresh.Reveal()))
	check(t, "the first one, which is too old", reused.refusal(), nobodys)
	check(t, "the session has ended", must(d.Ended(t.Context(), tokens.Context.SessionID)), true)
	check(t, "the last one", d.do(t, "", refresh, refreshing(next.at("refresh_token"))).refusal(), nobodys)
	check(t, "tokens in the log", strings.Contains(d.log.String(), "rt_"), false)
}

func TestRefreshHandlerRefusals(t *testing.T) {
	d := newDesk(t, nil)
	tokens := d.begin(t, ann)
	ended := d.begin(t, ann)
	check(t, "ending one", d.End(t.Context(), ended.Context.SessionID), nil)
	text := tokens.Refresh.Reveal()
	const required = "400 invalid_data: Invalid request: Field 'refresh_token' is required"
	tests := []struct{ name, line, body, want string }{
		{"no body", refresh, "", required},
		{"an empty object", refresh, "{}", required},
		{"an empty token", refresh, refreshing(""), required},
		{"null", refresh, `{"refresh_token":null}`, required},
		{"a number", refresh, `{"refresh_token":7}`, "400 invalid_data: Invalid request: Field 'refresh_token' must be a string"},
		{"another field", refresh, `{"token":"` + text + `"}`, "400 invalid_data: Invalid request: Unrecognized fields: 'token'"},
		{"two tokens", refresh, `{"refresh_token":"x","refresh_token":"` + text + `"}`, "400 invalid_data: Invalid request: Field 'refresh_token' is there twice"},
		{"the token as the body", refresh, text, "400 invalid_data: Invalid request: The body is not valid JSON"},
		{"the token in the query", refresh + "?refresh_token=" + text, "", "400 invalid_data: Invalid request: Unrecognized fields: 'refresh_token'"},
		{"junk", refresh, refreshing("junk"), nobodys},
		{"another end", refresh, refreshing(text[:len(text)-1]), nobodys},
		{"a longer one", refresh, refreshing(text + "a"), nobodys},
		{"one of 60 KiB", refresh, refreshing(strings.Repeat("a", 60<<10)), nobodys},
		{"one of 64 KiB", refresh, refreshing(strings.Repeat("a", 64<<10)), "413 invalid_data: Invalid request: The body is larger than 64 KiB"},
		{"that of a session that has ended", refresh, refreshing(ended.Refresh.Reveal()), nobodys},
		{"an access token", refresh, refreshing(tokens.Access.Reveal()), nobodys},
		{"a GET", "GET " + session.DefaultRefreshPath, "", wrongMethod},
		{"a DELETE", "DELETE " + session.DefaultRefreshPath, refreshing(text), wrongMethod},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			check(t, "the answer", d.do(t, "", tt.line, tt.body).refusal(), tt.want)
		})
	}
	asked := d.do(t, "", refresh, refreshing("junk"))
	check(t, "it asks", len(asked.Header.Values("WWW-Authenticate")) > 0, true)
	check(t, "it takes", d.do(t, "", "GET "+session.DefaultRefreshPath, "").Header.Get("Allow"), "POST")
	form := d.do(t, "", refresh, "refresh_token="+text, "Content-Type: application/x-www-form-urlencoded")
	check(t, "a form", form.Status, 415)
	check(t, "a token in an answer", strings.Contains(d.said.String(), text), false)
	check(t, "a token in the log", strings.Contains(d.log.String(), text), false)
	check(t, "the token is still good", d.do(t, "", refresh, refreshing(text)).Status, 200)
}

func TestRefreshHandlerOutage(t *testing.T) {
	for _, verb := range []string{"Get", "Replace"} {
		t.Run(verb, func(t *testing.T) {
			d := newDesk(t, nil)
			text := d.begin(t, ann).Refresh.Reveal()
			d.store.on(verb, answering(errRefused))
			check(t, "the answer", d.do(t, "", refresh, refreshing(text)).refusal(), outage)
			check(t, "junk", d.do(t, "", refresh, refreshing("junk")).refusal(), nobodys)
			d.store.on(verb, nil)
			check(t, "once more", d.do(t, "", refresh, refreshing(text)).Status, 200)
		})
	}
}

func TestRefreshHandlerMinter(t *testing.T) {
	jwt := func(payload string) session.Minter {
		return session.MinterFunc(func(context.Context, auth.AuthContext) (string, error) {
			return "e30." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + ".c2ln", nil
		})
	}
	failing := func(err error) session.Minter {
		return session.MinterFunc(func(context.Context, auth.AuthContext) (string, error) { return "", err })
	}
	soon := func(d time.Duration) string { return fmt.Sprint(time.Now().Add(d).Unix()) }
	tests := []struct {
		name   string
		minter session.Minter
		want   string // status, type and whether the time is told
	}{
		{"none", nil, "200 null false"},
		{"a JWT", jwt(`{"exp":` + soon(15*time.Minute) + `}`), "200 Bearer true"},
		{"a JWT with a fraction", jwt(`{"exp":` + soon(15*time.Minute) + `.5}`), "200 Bearer true"},
		{"a JWT that does not expire", jwt(`{}`), "200 Bearer false"},
		{"a JWT that has expired", jwt(`{"exp":1}`), "200 Bearer false"},
		{"a JWT for ever", jwt(`{"exp":1e300}`), "200 Bearer false"},
		{"a JWT with another exp", jwt(`{"exp":"x"}`), "200 Bearer false"},
		{"a JWT that is none", jwt(`x`), "200 Bearer false"},
		{"one that is unavailable", failing(auth.ErrUnavailable), "503 unavailable false"},
		{"one that fails", failing(errors.New("s3cr3t")), "500 internal false"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var broken session.Minter // which StartTokens does not ask
			d := newDesk(t, func(c *session.Config) {
				c.Minter = session.MinterFunc(func(ctx context.Context, ac auth.AuthContext) (string, error) {
					if broken == nil {
						return mint(ctx, ac)
					}
					return broken.Sign(ctx, ac)
				})
				if tt.minter == nil {
					c.Minter = nil
				}
			})
			text := d.begin(t, ann).Refresh.Reveal()
			broken = tt.minter
			got := d.do(t, "", refresh, refreshing(text))
			kind := map[bool]string{true: got.at("token_type"), false: got.at("type")}[got.Status == 200]
			left, told := got.Body["expires_in"]
			check(t, "the answer", fmt.Sprint(got.Status, " ", kind, " ", told), tt.want)
			in := fmt.Sprint(left)
			check(t, "the time", !told || in == "899" || in == "900" || in == "898", true)
			check(t, "what the minter says", strings.Contains(got.Text, "s3cr3t"), false)
		})
	}
}
