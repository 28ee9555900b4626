package auth_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

// TestAttack runs the known attacks on requests, by the IDs of the project's list.
func TestAttack(t *testing.T) {
	for id, attack := range map[string]func(t *testing.T){
		"H001": twoAuthorizationFields,
		"H002": authorizationList,
		"H006": loneScheme,
		"H009": goodCookieBadToken,
		"H010": nothingAtAll,
		"H015": spoofedFields,
		"H017": pathTricks,
		"H018": healthCheckAgent,
		"H020": corsFields,
		"H022": cachedRefusal,
		"H023": panicBeforeAndAfter,
		"H024": neitherContextNorError,
		"H025": handlerAfterRefusal,
		"H028": foreignContextKey,
		"H030": missingClientCertificate,
		"H031": refusalWithoutChallenge,
		"H032": failureText,
		"J063": blanksAroundToken,
		"J090": scopeWithQuote,
		"J091": missingScope,
		"J094": disabledUser,
		"L053": skippedSecondFactor,
		"P002": keyOfOtherLength,
		"P006": disabledOwner,
		"P010": twoKeys,
		"P011": joinedKeys,
		"P012": blanksAroundKey,
		"P014": hugeKey,
		"P015": emptyKey,
		"P016": wordsForNothing,
		"P022": outcomeOfOtherCredentials,
		"P024": storeDown,
		"P025": malformedBasic,
		"S007": prefixInOtherCase,
		"S008": manyCookies,
		"S040": cookieInLogs,
		"S041": signInWithOldCookie,
		"S046": originByHTTP,
		"S047": oddOrigins,
		"S051": crossOriginWebSocket,
		"S053": secureBehindProxy,
	} {
		t.Run(id, attack)
	}
}

// opaque are verifiers of real tokens, by their digest, as stores keep them.
type opaque struct {
	codec  token.Codec
	stored map[string]token.Digest
	asked  int
}

// issue returns a verifier and a token of alice's that it accepts.
func issue() (*opaque, string) {
	codec := must(token.NewCodec("sk"))
	id := token.NewID()
	secret := codec.New(id)
	return &opaque{codec: codec, stored: map[string]token.Digest{id: secret.Digest()}}, secret.Reveal()
}

func (o *opaque) VerifyToken(_ context.Context, c auth.Credential) (*auth.AuthContext, error) {
	o.asked++
	id, err := o.codec.Parse(c.Token)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", auth.ErrInvalidCredentials, err)
	}
	if !o.stored[id].Equal(token.Sum(c.Token)) {
		return nil, fmt.Errorf("%w: key %s", auth.ErrInvalidCredentials, id)
	}
	return alice, nil
}

// spoiled is a token whose last character is another.
func spoiled(text string) string {
	if text, ok := strings.CutSuffix(text, "a"); ok {
		return text + "b"
	}
	return text[:len(text)-1] + "a"
}

// everyone is a scheme that takes a token in every way.
func everyone(v auth.TokenVerifier) auth.Scheme {
	return auth.AnyOf(auth.Cookie("__Host-sid", v, nil), auth.Bearer(v, nil), auth.Basic(v, nil), auth.Header("X-API-Key", v))
}
