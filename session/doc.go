// Package session keeps logins on the server and their proof in a cookie, or in tokens.
//
// A session is one login. A [Manager] starts it, renews it while it is used, changes its secret when its privileges
// change, and ends it. A [Store] keeps one [Record] for each, package store/memory has one for a single process.
//
//	sessions, err := session.New(session.Config{Store: memory.NewSessions(nil), Keys: [][]byte{key}})
//	guard := auth.New(sessions.Scheme(), nil)
//	ac, err := sessions.Start(w, r, session.Login{Actor: auth.Actor{Type: "user", ID: user.ID}}) // to log in
//	err = sessions.End(r.Context(), ac.SessionID)                                                // to log out
//	sessions.ClearCookie(w)
//
// Which method for which job:
//
//   - Browsers: [Manager.Start] sets a cookie, [Manager.Scheme] is what a guard asks, and [Manager.Passive] for requests that
//     are no use, such as polling.
//   - Apps and single-page applications that keep no cookie: [Manager.StartTokens] returns an access token, made by
//     [Config.Minter], and a refresh token, which [Manager.Refresh] exchanges. See below for what belongs together.
//   - Package auth/login, which logs people in for both: it takes a Manager with a Minter as its Sessions, and begins each
//     log-in by [Manager.StartAccess]. [Manager.RefreshAccess] is for who somebody has become since, and
//     [Manager.StartCookie] for a browser that carries the same session by a cookie.
//   - A second factor was shown, a role was given: [Manager.Rotate] with a cookie, [Manager.RotateTokens] without.
//   - Visitors who have not logged in: [Manager.StartAnonymous], and [Manager.Current] for whoever it is.
//   - Small values in a session: [Manager.Update], and [Values] at each request.
//   - Devices of a user, to look at and to log out: [Manager.As], which asks a [Policy]; [NewHandler] is the HTTP API to it,
//     package auth/console has pages. [NewRefreshHandler] is the HTTP API to Refresh.
//   - Somebody is disabled, or a password was changed: [Manager.EndIdentity] and [Manager.EndAll]. The API keys of who is
//     disabled are for package apikey to end.
//
// What is promised:
//
//   - The ID is made at log-in, stays for the session's life and is no secret. One that a client brings is never adopted.
//   - The secret beside it has 256 bits; the store keeps only its digest. [Manager.Rotate] changes it, and the old one is
//     dead at once.
//   - Cookie, refresh token and access token are ways to carry one session. They end together.
//   - A refresh token is good once. When one is used again that is older than a lost answer explains, the session ends.
//   - A session that was ended stays ended: every change is a [Store.Replace], which never creates.
//   - It ends when it was not used for the idle timeout, and at the end of its lifetime whatever happens. A session in use
//     is written at most once in each renewal interval.
//   - A request that the cookie authenticates, and the log-in itself, must come from a trusted origin.
//   - A store that does not answer is [auth.ErrUnavailable], never "logged out" and never "logged in".
//
// What the surroundings must do: serve over TLS, or the browser will not keep the cookie; make Keys once, from
// crypto/rand, and give the same ones to every process; keep the clocks of the processes together; and let apps keep their
// refresh token where no other program reads it.
//
// # Access tokens
//
// A jwtx.Signer is a [Minter]. The verifier of its tokens asks [Manager.Ended], or they outlive their session:
//
//	signer, err := jwtx.NewSigner(jwtx.SignerConfig{Issuer: issuer, Audience: []string{api}, Keys: keys})
//	sessions, err := session.New(session.Config{Store: store, Keys: [][]byte{key}, Minter: signer})
//	verifier, err := jwtx.NewVerifier(jwtx.Config{
//		Issuer: issuer, Audience: []string{api}, Algorithms: []string{"EdDSA"}, Kinds: []jwtx.Kind{jwtx.Access}, Keys: keys,
//		Revoked: func(ctx context.Context, r jwtx.Revocable) (bool, error) { return sessions.Ended(ctx, r.SessionID) },
//	})
//	guard := auth.New(auth.AnyOf(sessions.Scheme(), auth.Bearer(verifier, nil)), nil)
//	mux.Handle(session.DefaultRefreshPath, session.NewRefreshHandler(sessions, guard))
//
// Behind that guard a handler tells by auth.AuthContext.Scheme how the client carries its session: with "session" it is
// [Manager.Rotate], and with "bearer" [Manager.RotateTokens], whose tokens the client has to get. What has no session, such
// as an API key, has an empty SessionID: auth.ActorType keeps it out.
//
// # OWASP ASVS 5.0, chapter 7
//
// How its requirements are met: by default, by an option of this package that somebody has to set, or by the application,
// with what this package has for it; and the test that shows it.
//
//	7.1.1 | idle timeout and lifetime are documented, with their reason  | default: DefaultIdleTimeout, DefaultLifetime    | TestUse
//	7.1.2 | how many sessions one may have, and what happens beyond that | option: MaxPerActor, EvictOldest                | TestMaxPerActor
//	7.1.3 | lifetimes along with those of identity providers             | application: Lifetime holds whatever they say   | TestRefreshTokens
//	7.2.1 | tokens are verified on the server                            | default                                         | TestStoreThatAnswersAmiss
//	7.2.2 | tokens are made for each session, not fixed keys             | default                                         | TestEachLoginIsNew
//	7.2.3 | tokens are random, with 128 bits or more                     | default: 256 bits of crypto/rand                | TestAttack/S019
//	7.2.4 | a log-in makes a new token and ends the old session          | default: Start                                  | TestStartEndsWhatTheRequestBrought
//	7.3.1 | there is an idle timeout                                     | default: 30 minutes                             | TestUse
//	7.3.2 | there is an absolute lifetime                                | default: 24 hours                               | TestUse
//	7.4.1 | what has ended cannot be used again                          | default: for all carriers                       | TestAllCarriersEndTogether
//	7.4.2 | all sessions end with the account                            | application: EndIdentity, EndAll                | TestEndIdentity
//	7.4.3 | other sessions can be ended when a factor was changed        | application: EndIdentity, EndOthers             | TestAccessEndOthers
//	7.4.4 | pages that need a log-in show how to log out                 | application: End and ClearCookie behind a route | ExampleNew
//	7.4.5 | administrators can end the sessions of users                 | option: Policy                                  | TestAccessToMany
//	7.5.1 | a change of the account needs a fresh log-in                 | application: auth.Fresh, Rotate                 | TestStepUp
//	7.5.2 | users see their sessions and can end them                    | application: As, or NewHandler behind a route   | TestAccessToOne
//	7.5.3 | what is sensitive needs another factor                       | application: auth.Fresh, Rotate                 | TestStepUp
//	7.6.1 | sessions here and at identity providers end as documented    | application: End, EndIdentity on their word     | TestAllCarriersEndTogether
//	7.6.2 | no session begins without the user's doing                   | default: Start refuses other sites' pages       | TestLoginFromAnotherSite
package session
