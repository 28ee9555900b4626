package apikey_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/auth"
)

// Nothing of a key's text is in a log, an error, a list or an answer, whatever goes wrong.
func TestNothingSecretIsSaid(t *testing.T) {
	faults := map[string]fault{
		"nothing":               nil,
		"the store fails":       answering(errRefused),
		"the answer is lost":    losing(errRefused),
		"the time is up":        answering(context.DeadlineExceeded),
		"the store is confused": answering(fmt.Errorf("%w: what", auth.ErrInvalidCredentials)),
	}
	for name, f := range faults {
		for _, call := range calls {
			t.Run(call.name+": "+name, func(t *testing.T) {
				s := newSite()
				k, text := s.issue(t, nil)
				s.store.on(call.verb, f)
				said := fmt.Sprintf("%+v", s.send(call.by(k, text)))
				s.store.on(call.verb, nil)
				for _, line := range []string{"X-API-Key: " + text + "x", basic(text + "x:"), "Authorization: Bearer " + text + ",", basic(text + ":")} {
					said += fmt.Sprintf("%+v", s.get("/orders", line))
				}
				_, err := s.VerifyToken(t.Context(), auth.Credential{Token: another("sk", k.ID)})
				_, malformed := s.VerifyToken(t.Context(), auth.Credential{Token: text[:len(text)-1]})
				_, secret, _ := s.Issue(t.Context(), report())
				keys := must(list(t.Context(), s.Manager, ann))
				said += fmt.Sprintf("%v %v %v %+v %s %s", err, malformed, secret, keys, must(json.Marshal(keys)), s.log)
				for _, word := range []string{text, secretOf(text), secretOf(text)[:12], secretOf(secret.Reveal())} {
					check(t, "said", strings.Contains(said, word), false)
				}
			})
		}
	}
}
