// Package logintest helps to test login methods of one's own: [TestProvider] is the suite that a login.Provider must pass. It
// puts the provider into a login.Service and talks to it over HTTP, as clients do, with stores of its own in memory.
//
//	func TestCodes(t *testing.T) {
//		logintest.TestProvider(t, codes, logintest.Requests{
//			Account: func() (login.ProviderIdentity, logintest.Fields) { … },
//			Unknown: func() logintest.Fields { … },
//			Bad:     map[string]func(logintest.Fields) logintest.Fields{"another code": …},
//		})
//	}
//
// A provider whose method has not quite the signature of [login.Registrar], [login.Updater] or [login.Callbacker] is none, and
// nobody can register, reset a password or come back. TestProvider says so where Requests has fields for it. It is wise to say
// what the provider is beside it as well:
//
//	var _ login.Registrar = codes{}
package logintest
