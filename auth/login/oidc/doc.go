// Package oidc has people log in at another provider, by OpenID Connect (OpenID Connect Core 1.0) or, as GitHub has it,
// by OAuth 2 alone.
//
//   - [New]: any provider of OpenID Connect, by its issuer
//   - [Google]: Google accounts
//   - [GitHub]: GitHub accounts
//
// Each returns a [Provider], for a Method of a login.Config. An issuer needs a Method of its own: accounts are known by
// the Method's ID and the ID that the issuer gives them, so the same sub of two issuers is two accounts. An e-mail address
// joins two only where login.Config.LinkByEmail says so.
//
//	google, err := oidc.Google(oidc.Config{
//		ClientID:     "….apps.googleusercontent.com",
//		ClientSecret: token.NewSecret(os.Getenv("GOOGLE_SECRET")),
//		CallbackURLs: []string{"https://shop.example.com/auth/google/callback"},
//	})
//	…
//	defer google.Close()
//	… login.Config{Methods: []login.Method{{ID: "google", Provider: google}}, …}
//
// # A log-in
//
// The client asks for POST /auth/customer/google and gets the location to send the browser to, at the provider's
// authorization endpoint. The provider sends it back to one of Config.CallbackURLs, a page of the application, which
// hands all that came with it to GET or POST /auth/customer/google/callback. That exchanges the code for an ID token,
// verifies it, and returns whose it is. The provider's access and refresh tokens are dropped then: nobody can steal what
// is not kept.
//
// # What is promised
//
// The numbers in brackets are of OWASP ASVS 5.0.
//
//   - A log-in ends in the flow in which it began: state, good once; PKCE with S256, always, whatever the metadata say;
//     nonce, compared in constant time (10.1.2, 10.2.1, 10.5.1). Where a provider ignores PKCE, state and nonce hold.
//   - The answer is of the issuer that was asked: state is bound to issuer and client, and iss (RFC 9207) is compared
//     when it is there and required when the metadata promise it (10.2.2). The metadata are those of the configured
//     issuer, exactly (10.5.3), and name no host but its own and Config.Hosts.
//   - An ID token is verified by packages jwtx and jwks: signature by a key of the issuer and one of Config.Algorithms,
//     never none and never a secret; iss, aud, azp, exp, nbf, iat, sub (10.5.2, 10.5.4); at_hash if it is there;
//     auth_time and acr if Config asks for them (10.3.4). What userinfo says of another sub is refused.
//   - The browser is sent to the provider, and from there to one of Config.CallbackURLs, compared as text. No other field
//     of a request leads anywhere.
//   - What a provider says is bounded (metadata 64 KiB, answers 1 MiB, 10 seconds for all of a step), must be JSON, and
//     follows no redirect. Errors that a browser or a server brings along are never repeated, to nobody.
//   - A provider that does not answer, or not as it should, is auth.ErrUnavailable: 503, as every dependency that is
//     down. What is no good is 401 with one message for all reasons; the reason is in the log.
//   - No more is asked for than what is configured: openid by default (10.2.3).
//
// An e-mail address is verified if email_verified is the boolean true. The text "true" is not.
//
// A provider may let in a browser that it knows, and ask nobody. So a log-in claims no auth.Factor, and auth.Fresh does not let
// it pass, unless Config.MaxAge is set: the provider has to say then when it asked them last, and the log-in has the factor "oidc"
// of that time. Whoever logs in again for auth.Fresh(5*time.Minute) needs a MaxAge that is no longer, or is not asked again.
//
// # What the surroundings must do
//
// State is bound to the browser by a cookie of the login.Service. Clients that keep no cookies, as those in JWT mode,
// need login.Config.InsecureUnboundFlows, and that leaves login CSRF: an attacker begins a log-in, takes the code and the
// state from his own browser, and has the victim's browser bring them back. The victim is then logged in to the
// attacker's account, and may leave there what is his own. PKCE and nonce do not help, as the attacker has gone through
// one whole flow. So prefer session mode in browsers; or have the page that is the callback compare the state with the
// one that it kept itself, in sessionStorage, before it hands anything on.
//
// Each provider needs a page for the callback that is its own, with a URL that no other Method has, and which hands on to that
// Method: where an answer has no iss, the page is all that tells whose answer it is. With one page for two, a hostile provider
// can have the code of the other's log-in brought to itself, with the verifier (RFC 9700, section 4.4).
//
// The page that is the callback has the code in its URL. It should have Referrer-Policy: no-referrer, load nothing of
// others, and drop the query from its history.
package oidc
