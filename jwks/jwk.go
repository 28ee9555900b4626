package jwks

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/MicahParks/jwkset"
)

// maxJWK bounds what ParseJWK reads, in bytes.
const maxJWK = 64 << 10

// ParseJWK returns the key in data, a JSON Web Key (RFC 7517; RFC 7518, section 6; RFC 8037) of type RSA, EC, OKP with
// Ed25519, or oct. Its ID and algorithm are those in kid and alg, or the ones that [KeyOptions] states for a key without.
//
// It is an error if use is not "sig", if key_ops holds anything but "sign" and "verify" or does not allow verifying, if
// alg is for another type or curve, if private members do not belong to the public ones, if x5c is for another key, and
// if the JSON leaves open what is meant: a member twice, base64 that is not canonical, more than 64 KiB. A key whose
// key_ops lacks "sign" only verifies. Unknown members are ignored, and so is what certificates say beyond their key.
//
// Of a secret the length is checked, and that it is no key of another kind, but not, as [NewSecret] does, whether it could
// be guessed: published test vectors have secrets of zeroes.
func ParseJWK(data []byte) (*Key, error) {
	k, err := parseJWK(data)
	if err != nil {
		return nil, fmt.Errorf("jwks: JWK: %w", err)
	}
	return k, nil
}

func parseJWK(data []byte) (*Key, error) {
	doc, err := readJWK(data)
	if err != nil {
		return nil, err
	}
	return keyOf(doc)
}

// readJWK takes the members out of data. They are not left to encoding/json, which would take "D" for "d" and whose
// errors may quote what it reads.
func readJWK(data []byte) (doc jwkset.JWKMarshal, err error) {
	if len(data) > maxJWK {
		return doc, errors.New("over 64 KiB")
	}
	single := map[string]*string{
		"kty": (*string)(&doc.KTY), "use": (*string)(&doc.USE), "alg": (*string)(&doc.ALG), "kid": &doc.KID,
		"crv": (*string)(&doc.CRV), "x": &doc.X, "y": &doc.Y, "d": &doc.D, "n": &doc.N, "e": &doc.E, "p": &doc.P,
		"q": &doc.Q, "dp": &doc.DP, "dq": &doc.DQ, "qi": &doc.QI, "k": &doc.K, "x5t": &doc.X5T, "x5t#S256": &doc.X5TS256,
	}
	var ops []string
	lists := map[string]*[]string{"x5c": &doc.X5C, "key_ops": &ops}
	err = eachMember(data, func(name string, value json.RawMessage) (err error) {
		switch {
		case single[name] != nil:
			*single[name], err = text(name, value)
		case lists[name] != nil:
			*lists[name], err = texts(name, value)
		case single[fold(name)] != nil || lists[fold(name)] != nil:
			err = errors.New("member in upper case")
		case name == "oth":
			err = errors.New("RSA key with more than two primes")
		}
		return err
	})
	if ops != nil { // an empty list allows nothing, none allows everything
		doc.KEYOPS = make([]jwkset.KEYOPS, len(ops))
	}
	for i, op := range ops {
		doc.KEYOPS[i] = jwkset.KEYOPS(op)
	}
	return doc, err
}

func keyOf(doc jwkset.JWKMarshal) (*Key, error) {
	if doc.USE != "" && doc.USE != jwkset.UseSig {
		return nil, errors.New(`use other than "sig"`)
	}
	verifies, signs, err := operations(doc)
	if err != nil {
		return nil, err
	}
	key, err := rawKey(doc)
	if err != nil {
		return nil, err
	}
	opts := &KeyOptions{ID: doc.KID, Algorithm: string(doc.ALG)}
	var k *Key
	if secret, ok := key.([]byte); ok {
		k, err = newSecret(secret, opts)
	} else {
		k, err = newKey(key, opts)
		// The public half of a key that signs is no secret.
		verifies = verifies || signs && isPrivate(doc)
	}
	if err != nil {
		return nil, err
	}
	if !verifies {
		return nil, errors.New("key_ops that does not allow verifying")
	}
	if !signs {
		k.signer = nil
	}
	return k, nil
}

// operations returns what key_ops allows. Signing beside encrypting is refused, as RFC 7517, section 4.3, advises.
func operations(doc jwkset.JWKMarshal) (verifies, signs bool, err error) {
	for i, op := range doc.KEYOPS {
		if op != jwkset.KeyOpsSign && op != jwkset.KeyOpsVerify || slices.Contains(doc.KEYOPS[:i], op) {
			return false, false, errors.New(`key_ops with something twice, or other than "sign" and "verify"`)
		}
	}
	return allows(doc, jwkset.KeyOpsVerify), allows(doc, jwkset.KeyOpsSign), nil
}

func allows(doc jwkset.JWKMarshal, op jwkset.KEYOPS) bool {
	return doc.KEYOPS == nil || slices.Contains(doc.KEYOPS, op)
}

// isPrivate reports whether doc has a private member that counts for its type.
func isPrivate(doc jwkset.JWKMarshal) bool {
	return doc.D != "" || doc.KTY == jwkset.KtyRSA && doc.P+doc.Q+doc.DP+doc.DQ+doc.QI != ""
}

// rawKey has jwkset make a key of doc: the public half first, since only that can be held against x5c.
func rawKey(doc jwkset.JWKMarshal) (any, error) {
	strict := jwkset.JWKValidateOptions{StrictPadding: true}
	if doc.KTY == jwkset.KtyOct {
		jwk, err := jwkset.NewJWKFromMarshal(jwkset.JWKMarshal{KTY: doc.KTY, K: doc.K},
			jwkset.JWKMarshalOptions{Private: true}, strict)
		if err != nil {
			return nil, errors.New("malformed secret")
		}
		return jwk.Key(), nil
	}
	public := jwkset.JWKMarshal{
		KTY: doc.KTY, ALG: doc.ALG, CRV: doc.CRV, N: doc.N, E: doc.E, X: doc.X, Y: doc.Y,
		X5C: doc.X5C, X5T: doc.X5T, X5TS256: doc.X5TS256,
	}
	jwk, err := jwkset.NewJWKFromMarshal(public, jwkset.JWKMarshalOptions{}, strict)
	if err != nil {
		return nil, reason(err)
	}
	if !isPrivate(doc) {
		return jwk.Key(), nil
	}
	// Of a key without all of these jwkset would silently make a public one.
	if doc.D == "" || doc.KTY == jwkset.KtyRSA && slices.Contains([]string{doc.P, doc.Q, doc.DP, doc.DQ, doc.QI}, "") {
		return nil, errInconsistent
	}
	private := public
	private.X5C, private.X5T, private.X5TS256 = nil, "", ""
	private.D, private.P, private.Q, private.DP, private.DQ, private.QI = doc.D, doc.P, doc.Q, doc.DP, doc.DQ, doc.QI
	jwk, err = jwkset.NewJWKFromMarshal(private, jwkset.JWKMarshalOptions{Private: true}, strict)
	if err != nil {
		return nil, errInconsistent
	}
	return jwk.Key(), nil
}

// reason says what is wrong with a key in words of our own, which quote nothing.
func reason(err error) error {
	switch {
	case errors.Is(err, jwkset.ErrUnsupportedKey):
		return errors.New("type or curve that is not supported")
	case errors.Is(err, jwkset.ErrX509Mismatch):
		return errors.New("x5c for another key")
	}
	return errors.New("malformed public key: a member is missing, not canonical base64url, or no point on the curve")
}
