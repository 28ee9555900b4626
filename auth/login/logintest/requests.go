package logintest

import (
	"maps"

	"github.com/countersign-go/countersign/auth/login"
)

// Fields are the members of the JSON object that a client sends, or the parameters of a query.
type Fields map[string]any

// With returns fields that have value for the one called name, besides those of f.
func (f Fields) With(name string, value any) Fields {
	f = maps.Clone(f)
	if f == nil {
		f = Fields{}
	}
	f[name] = value
	return f
}

// without returns the fields of f but the one called name.
func (f Fields) without(name string) Fields {
	f = maps.Clone(f)
	delete(f, name)
	return f
}

// Requests are what [TestProvider] tries a provider with. Fields that are good are those that the provider needs, and no
// others. Each func makes something new every time it is called.
type Requests struct {
	// Account makes an account that there was not before. It returns what is kept of it, and the fields of a request that
	// logs in. A provider that has accounts made when somebody first logs in, see Outcome.Create, returns nothing that is
	// kept. Required.
	Account func() (login.ProviderIdentity, Fields)

	// Elsewhere plays the pages that the provider sends a browser to: it returns the good fields with which the browser
	// comes back from there; for an account that is not there, with guesses in the place of what nobody knows. Required of
	// a provider that answers with a Location.
	Elsewhere func(location string) Fields

	// Bad makes fields that are no good of good ones, by what is wrong with them: a wrong password, an expired code. These
	// are the fields that decide: those that come back from Elsewhere, if the browser is sent there. Required.
	Bad map[string]func(good Fields) Fields

	// Unknown returns fields that look good, of an account that is not there. nil if there is nothing like that, as every
	// account that can be shown is made.
	Unknown func() Fields

	// Malformed makes fields that nobody can understand of good ones, as Bad does.
	Malformed map[string]func(good Fields) Fields

	// Secret are the names of fields that must not be repeated: passwords, codes.
	Secret []string

	// Register returns the fields by which somebody registers, and those by which they log in afterwards. Required of a
	// Registrar.
	Register func() (register, good Fields)

	// Update returns the fields that change the credentials of an account, and those by which it logs in afterwards.
	// Required of an Updater.
	Update func(good Fields) (update, next Fields)
}
