package authtest

import (
	"net/http/httptest"

	"github.com/countersign-go/countersign/jwks"
)

// Rotate has a new key sign from now on. Those before it stay published until [Issuer.Retire].
func (i *Issuer) Rotate() {
	i.t.Helper()
	key, err := jwks.Generate(i.options.Algorithm, nil)
	if err == nil {
		err = i.publish(func(keys []*jwks.Key) []*jwks.Key { return append([]*jwks.Key{key}, keys...) })
	}
	if err != nil {
		i.t.Fatalf("authtest: IssuerOptions.Algorithm is %q, of which no key can be published: %v", i.options.Algorithm, err)
	}
}

// Retire publishes the key that signs and no other.
func (i *Issuer) Retire() {
	i.t.Helper()
	if err := i.publish(func(keys []*jwks.Key) []*jwks.Key { return keys[:1] }); err != nil {
		i.t.Fatalf("authtest: Issuer.Retire: %v", err)
	}
}

func (i *Issuer) publish(change func(keys []*jwks.Key) []*jwks.Key) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	keys := change(i.signers)
	set, err := jwks.NewSet(keys...)
	if err != nil {
		return err
	}
	published, err := jwks.Handler(set)
	if err != nil {
		return err
	}
	w := httptest.NewRecorder()
	published.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	i.signers, i.set, i.document = keys, set, w.Body.String()
	return nil
}

// KeyID returns the kid of the key that signs.
func (i *Issuer) KeyID() string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.signers[0].ID()
}

// Keys returns its published keys as a JWK Set document, whatever is served.
func (i *Issuer) Keys() string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.document
}

// SetKeys serves this very text as the JWK Set, whichever keys there are, until it is called with "". It is for what a
// good issuer never says: a bad key among good ones, one kid twice, a private member.
func (i *Issuer) SetKeys(document string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.served = document
}
