package oidc

import (
	"errors"

	"github.com/countersign-go/countersign/auth/wire"
)

// maxField bounds what a browser brings back in one parameter, in bytes.
const maxField = 4 << 10

// An answer is what the browser brought back from the authorization endpoint (RFC 6749, section 4.1.2).
type answer struct{ state, code, failure, issuer string }

func readAnswer(req request) (a answer, err error) {
	for _, field := range []struct {
		name string
		into *string
	}{{"state", &a.state}, {"code", &a.code}, {"error", &a.failure}, {"iss", &a.issuer}} {
		if *field.into, err = req.Text(field.name); err != nil {
			return answer{}, err
		}
		if len(*field.into) > maxField {
			return answer{}, wire.Invalid("Invalid request: Field '%s' is too long", field.name)
		}
	}
	return a, nil
}

// check returns why the answer is no good. Nothing of it is quoted: whoever sent the browser here wrote it.
func (a answer) check(s *server) error {
	switch {
	case a.issuer == "" && s.sendsIssuer:
		return errors.New("answer without the iss that the metadata promise")
	case a.issuer != "" && a.issuer != s.issuer:
		return errors.New("answer of another issuer")
	case a.failure != "":
		return errors.New("the provider answered with an error")
	case a.code == "":
		return errors.New("answer without a code")
	}
	return nil
}
