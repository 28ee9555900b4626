package emailpass

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/auth/wire"
)

// A Provider lets people log in by e-mail address and password. It keeps no state but the count of the hashes that it
// computes. Make one with [New].
type Provider struct {
	id     string
	rules  rules
	hasher *hasher
}

var (
	_ login.Provider  = (*Provider)(nil)
	_ login.Registrar = (*Provider)(nil)
	_ login.Updater   = (*Provider)(nil)
)

// New returns a provider, or all mistakes of c joined.
func New(c Config) (*Provider, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	h, err := newHasher(c)
	if err != nil {
		return nil, err
	}
	return &Provider{id: c.ID, rules: rules{minLength: c.MinLength, refuse: c.Refuse}, hasher: h}, nil
}

// errRejected is the answer to whatever is wrong with an address and a password that were sent.
var errRejected = login.Reject(rejected)

const rejected = "Invalid email or password"

// Authenticate compares the fields "email" and "password" with what is kept. Whatever is wrong is the same refusal after the
// same work: see the package comment. A field that is missing or no string is 400, which has nothing to do with accounts.
// Of a hash that is not of the Argon2id of [Config], the Outcome has one that is.
func (p *Provider) Authenticate(ctx context.Context, req *login.Request) (login.Outcome, error) {
	email, err := required(req, "email")
	if err != nil {
		return login.Outcome{}, err
	}
	password, err := required(req, "password")
	if err != nil {
		return login.Outcome{}, err
	}
	// Nobody has an address that is none, and everybody can know that. So no work is needed to hide it.
	entityID, err := p.EntityID(email)
	if err != nil {
		return login.Outcome{}, errRejected
	}
	leave, err := p.hasher.gate.enter() // before Find, which counts an attempt
	if err != nil {
		return login.Outcome{}, err
	}
	defer leave()
	kept, err := req.Find(ctx, entityID)
	if err != nil && !errors.Is(err, login.ErrNotFound) {
		return login.Outcome{}, err
	}
	next, err := p.hasher.verify(ctx, password, kept.Secret) // which is none if nothing was found
	if err != nil {
		return login.Outcome{}, err
	}
	return login.Outcome{EntityID: entityID, Identifier: kept.Identifier, Secret: next, Method: "pwd"}, nil
}

// Register makes an account of the fields "email" and "password", or says what is wrong with them: 400.
func (p *Provider) Register(ctx context.Context, req *login.Request) (login.Outcome, error) {
	email, err := required(req, "email")
	if err != nil {
		return login.Outcome{}, err
	}
	password, err := required(req, "password")
	if err != nil {
		return login.Outcome{}, err
	}
	i, err := p.NewIdentity(ctx, email, password)
	if err != nil {
		return login.Outcome{}, err
	}
	return login.Outcome{EntityID: i.EntityID, Identifier: i.Identifier, Secret: i.Secret, Method: "pwd"}, nil
}

// Update returns current with the field "password" as its password, or says what is wrong with that: 400. Other fields, such
// as an address, change nothing.
func (p *Provider) Update(
	ctx context.Context, req *login.Request, current login.ProviderIdentity,
) (login.ProviderIdentity, error) {
	password, err := required(req, "password")
	if err != nil {
		return login.ProviderIdentity{}, err
	}
	secret, err := p.newSecret(ctx, current.EntityID, password)
	if err != nil {
		return login.ProviderIdentity{}, err
	}
	current.Secret = secret
	return current, nil
}

// NewIdentity returns what is to be kept of somebody with that address and password: for a program that makes accounts by
// login.Service.Create. The rules are those of Register, and so are the errors.
func (p *Provider) NewIdentity(ctx context.Context, email, password string) (login.ProviderIdentity, error) {
	entityID, err := p.EntityID(email)
	if err != nil {
		return login.ProviderIdentity{}, err
	}
	secret, err := p.newSecret(ctx, entityID, password)
	if err != nil {
		return login.ProviderIdentity{}, err
	}
	return login.ProviderIdentity{Provider: p.id, EntityID: entityID, Identifier: trim(email), Secret: secret}, nil
}

// Import returns what is to be kept of somebody whose password another system has hashed: as base64 of the 96 bytes of
// scrypt-kdf, which is what Medusa keeps, by bcrypt ($2a$, $2b$, $2y$), or by Argon2id ($argon2id$). The hash is replaced
// by one of [Config] when its owner logs in. One that cannot be read, or costs too much, is an error: scrypt has N·r·p of
// 2^20 at most, bcrypt a cost of 14, Argon2id 256 MiB and 1 GiB over all passes. See [Config].Imported, too.
func (p *Provider) Import(email, hash string) (login.ProviderIdentity, error) {
	entityID, err := p.EntityID(email)
	if err != nil {
		return login.ProviderIdentity{}, err
	}
	if _, err := p.hasher.parse(hash); err != nil {
		return login.ProviderIdentity{}, err
	}
	return login.ProviderIdentity{Provider: p.id, EntityID: entityID, Identifier: trim(email), Secret: token.NewSecret(hash)}, nil
}

// newSecret returns what is kept of a new password.
func (p *Provider) newSecret(ctx context.Context, entityID, password string) (token.Secret, error) {
	if err := p.rules.check(ctx, entityID, password); err != nil {
		return token.Secret{}, err
	}
	leave, err := p.hasher.gate.enter()
	if err != nil {
		return token.Secret{}, err
	}
	defer leave()
	return p.hasher.hash(ctx, password)
}

// required returns a field that must be there.
func required(req *login.Request, name string) (string, error) {
	text, err := req.Text(name)
	if err == nil && text == "" {
		err = wire.Invalid("Invalid request: Field '%s' is required", name)
	}
	return text, err
}

// unusable is the refusal of an account whose hash cannot be read: to the client like any other, but the operator is told.
func unusable(err error) error {
	return &auth.Error{
		Status: http.StatusUnauthorized, Message: rejected, Err: fmt.Errorf("%w: %w", err, auth.ErrInvalidCredentials),
	}
}
