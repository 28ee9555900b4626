package session

import (
	"net/http"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/wire"
)

// NewRefreshHandler returns the handler that exchanges a refresh token for new tokens, see [Manager.Refresh]. It takes a POST,
// at whatever path, of {"refresh_token": …} in JSON, and answers as [WriteTokens] does.
//
// The refresh token is the credential: guard is not asked who sent the request, and what other credentials it carries does
// not matter. guard answers the refusals: 401 for a token that is no good, 400 for a body without one, 503 if it could not be
// found out; an error of the Minter is read as that of a scheme. No cookie is read or set, so that it does not matter which
// site's page sends the request, either: it would need the token. A page of another origin needs CORS to read the answer.
//
// NewRefreshHandler panics if m or guard is nil.
func NewRefreshHandler(m *Manager, guard *auth.Guard) http.Handler {
	if m == nil || guard == nil {
		panic("session: NewRefreshHandler: nil Manager or Guard")
	}
	return wire.Routes{"POST /{path...}": refreshHandler{m}.refresh}.Handler(guard)
}

type refreshHandler struct{ sessions *Manager }

func (h refreshHandler) refresh(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Refresh string `json:"refresh_token"`
	}
	if err := read(w, r, &body); err != nil {
		return err
	}
	if body.Refresh == "" {
		return wire.Invalid("Invalid request: Field 'refresh_token' is required")
	}
	tokens, err := h.sessions.Refresh(r.Context(), body.Refresh)
	if err != nil {
		return err
	}
	WriteTokens(w, tokens)
	return nil
}
