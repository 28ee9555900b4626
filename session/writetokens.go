package session

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/countersign-go/countersign/auth/wire"
)

// A tokensJSON is what [WriteTokens] answers with.
type tokensJSON struct {
	Access  string `json:"token,omitempty"`
	Refresh string `json:"refresh_token"`
	Type    string `json:"token_type,omitempty"`
	Expires int64  `json:"expires_in,omitempty"` // seconds
}

// WriteTokens answers with t, which no cache keeps. It is for the handlers that log in and step up, to answer as
// [NewRefreshHandler] does:
//
//	{"token": …, "refresh_token": …, "token_type": "Bearer", "expires_in": 900}
//
// where expires_in is how many seconds the access token is good for, and missing if that cannot be told. A manager without a
// Minter has a refresh_token to answer, and nothing else.
func WriteTokens(w http.ResponseWriter, t Tokens) {
	j := tokensJSON{Access: t.Access.Reveal(), Refresh: t.Refresh.Reveal()}
	if j.Access != "" {
		j.Type, j.Expires = "Bearer", expiresIn(j.Access, time.Now())
	}
	wire.Write(w, http.StatusOK, j)
}

// expiresIn returns for how many seconds a JWT that was just made is good, 0 if it does not say so or is no JWT. It is for
// the client to plan with, and nothing is granted by it.
func expiresIn(access string, now time.Time) int64 {
	parts := strings.Split(access, ".")
	if len(parts) != 3 {
		return 0
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims struct {
		Expires float64 `json:"exp"`
	}
	if err != nil || json.Unmarshal(payload, &claims) != nil {
		return 0
	}
	left := claims.Expires - float64(now.UnixMicro())/1e6
	if left < 1 || left > maxExpiresIn {
		return 0
	}
	return int64(left)
}

// maxExpiresIn is longer than any session lasts, in seconds.
const maxExpiresIn = 1 << 31
