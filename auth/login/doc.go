// Package login lets people log in, by whatever methods, and keeps who they are.
//
// An [AuthIdentity] is somebody who can log in, in one way or several; which of the application's users, customers or the like
// that is, the application says by [Service.Link]. A [Provider] is a method: it finds out whose credentials are shown. A
// [Service] keeps the identities in a [Store] and has [Sessions] carry the log-in from then on, and [NewHandler] is the HTTP
// API to it, which the npm package @medusajs/js-sdk speaks.
//
//	passwords, err := emailpass.New(emailpass.Config{})
//	service, err := login.New(login.Config{
//		Store: memory.NewIdentities(nil), Tokens: memory.NewOneTimeTokens(nil), Attempts: memory.NewAttempts(nil),
//		Sessions: sessions, // a session.Manager with a Minter, such as a jwtx.Signer
//		Methods:  []login.Method{{ID: "emailpass", DisplayName: "E-mail and password", Provider: passwords}},
//		Actors:   map[string][]string{"customer": {"emailpass"}},
//		OnEvent:  mailer.Send, // which queues
//	})
//	mux.Handle(login.DefaultPath+"/", login.NewHandler(service, guard, nil))
//
// The guard accepts the cookies and the tokens of those sessions. Who has registered and is no customer yet has a token of
// another kind, so the verifier's Kinds are jwtx.Access and jwtx.Registration; without the latter a registration leads
// nowhere but to 401. The Example of [New], in example_test.go, has all that belongs together.
//
//	guard := auth.New(auth.AnyOf(sessions.Scheme(), auth.Bearer(verifier, nil)), nil)
//
// Which type for which job:
//
//   - Passwords: package emailpass. Google, GitHub and other issuers: package oidc. A method of one's own: [Provider], with
//     [Registrar], [Updater] and [Callbacker] for what else it can do, and package logintest to test it.
//   - Somebody has registered and is to be a customer: a route behind auth.AllowUnregistered, which calls [Service.Link].
//   - What somebody may do, and who may not log in at all: [Config.Admit].
//   - Mail: [Config.OnEvent] gets the tokens to be sent. Addresses that are to be shown first: [Config.VerifyFirst].
//   - Another way to log in for the same person: [Service.Connect]; by an address that both sides have verified:
//     [Config.LinkByEmail].
//   - A new password for somebody who is logged in: [Service.ChangeCredentials]. For somebody who has lost it: the HTTP API.
//   - An administrator disables, deletes, imports: [Service.Disable], [Service.Delete], [Service.Create].
//   - Invitations, and other tokens that are good once: [Service.Tokens].
//
// # Routes
//
// A is the type of an actor, P the ID of a method. What is refused is {"type": …, "message": …}.
//
//	POST, GET /auth/A/P           log in: {token}, or {location} for the browser to go to
//	POST /auth/A/P/register       the same for somebody new, whose token has no actor yet
//	GET, POST /auth/A/P/callback  the same for somebody who comes back from the location
//	POST /auth/A/P/reset-password {identifier, metadata?}: 201 whoever that is, and an event with a token for who it is
//	POST /auth/A/P/update         new credentials, with that token as the bearer token
//	GET /auth/A/providers         the methods
//	POST /auth/token/refresh      another token, which has the actor if the identity has got one; by token or cookie
//	POST /auth/session            a cookie for the session behind a token
//	DELETE /auth/session          log out
//	POST /auth/verification/request {entity_id, entity_type, code_provider?, metadata?}: an event with a token
//	POST /auth/verification/confirm {code}: which is that token
//	GET /auth/openapi.json        all of this as an OpenAPI document
//
// So somebody new gets to a cookie in four steps: a registration, or a first log-in by a provider that makes the identity then
// (see Outcome.Create); the application's own route, which calls [Service.Link]; a refresh; and a session. A client
// sees in the token of a jwtx.Signer whether the second step is still to be done: its claim actor_id is "" then. Until a refresh
// other routes answer 401.
//
// With [Config.VerifyFirst] a registration, and a log-in before the address was shown, is {"verification_required": true}.
//
// # What is promised
//
//   - Nobody learns from a log-in or from the request of a reset whether there is an account, or whether it is disabled:
//     status, body, header, calls of the stores and of the provider's hash are the same. With VerifyFirst that is true of a
//     registration as well; whoever logs in afterwards as they have registered sees whether that was kept. What is not
//     hidden is how long OnEvent takes, and that an account need not wait on a network where others must, if somebody has
//     logged in to it from there.
//   - Guessing is counted before it is tried, in a store that all processes share, and never unlimited: a store that does not
//     answer is 503. It delays, and locks nobody out who has logged in from there before; see [Throttle]. By pages elsewhere,
//     where nobody is named until they come back, all of a network count together.
//   - A token that was sent is good once, for one purpose, method, type of actor and identity, and void when there is a newer
//     one, and when the identity is disabled or deleted, or, of one that resets credentials, when they have changed. (One that
//     verifies what is no way to log in is only refused while the identity is disabled.) The store has only its digest.
//   - New credentials, [Service.Disable], [Service.Delete] and [Service.Unlink] end the sessions, also one that is begun at
//     the same moment.
//   - A reset logs nobody in.
//   - What a browser brings back from a provider's pages must be of a flow that the same browser began, unless
//     InsecureUnboundFlows is set.
//   - Two identities are one only if [Service.Connect] or [Config.LinkByEmail] says so: never by an address that was not
//     verified on both sides.
//   - Nothing in a request decides where a browser goes, no answer is a redirection, and no link is made of a Host header.
//   - A store that fails leaves nothing by halves that cannot be repeated, a reset by another token. A provider that panics is
//     500, one that hangs or is down is 503. Neither a secret nor what a panic said is in a log.
//
// What the surroundings must do: serve over TLS; put CORS in front for pages of other origins; have OnEvent send mail to
// Identifier only, from a queue; name the proxies in front in [Config.TrustedProxies], or all people behind them are one
// network; and put the pages that take a token from a link under Referrer-Policy: no-referrer.
//
// # OWASP ASVS 5.0, chapters 6 and 10
//
// How the requirements are met: by default, by an option that somebody has to set, or by the application, with what there is
// for it; and the test that shows it. Those that are out of scope say why.
//
//	6.1.1  | how guessing is slowed, and nobody locked out, is documented | default: Throttle | TestAttackThrottle/L009
//	6.1.2  | words of the application that no password may be | application: emailpass.Config.Refuse | emailpass.TestRefuse
//	6.1.3  | all ways to log in are listed, with their strength | application: Config.Actors lists them | TestRoutes
//	6.2.1  | passwords have 8 characters, better 15 | default: 15 | emailpass.TestRules
//	6.2.2  | users can change their password | application: ChangeCredentials behind a route | TestChangeCredentials
//	6.2.3  | that needs the current one and a new one | default: ChangeCredentials | TestChangeCredentials
//	6.2.4  | new passwords are not among the most common | default | emailpass.TestCommon
//	6.2.5  | any characters do | default: there is no rule for them | emailpass.TestRules
//	6.2.6  | what is typed is masked | out of scope: a page | -
//	6.2.7  | pasting and password managers are allowed | out of scope: a page | -
//	6.2.8  | passwords are verified exactly as they came | default | emailpass.TestVerifiedExactly
//	6.2.9  | 64 characters and more are allowed | default: 1,024 bytes | emailpass.TestRules
//	6.2.10 | no password expires | default: nothing does that | emailpass.TestNoPasswordExpires
//	6.2.11 | the words of 6.1.2 are refused | application: emailpass.Config.Refuse | emailpass.TestRefuse
//	6.2.12 | passwords from breaches are refused | application: emailpass.Config.Refuse | emailpass.TestRefuse
//	6.3.1  | guessing and stuffing are slowed | default: Throttle | TestDevice
//	6.3.2  | there are no default accounts | default: who is there was registered or created | TestCreateAndUpdate
//	6.3.3  | several factors | application: Admit, auth.Fresh | TestAttackLogin/L053
//	6.3.4  | no way in is undocumented, or weaker | default: what Actors does not list is refused | TestRoutes
//	6.3.5  | users are told of suspicious attempts | option: OnEvent, Throttled | TestDevice
//	6.3.6  | e-mail is no factor | default: no token sent by mail logs in | TestKinds
//	6.3.7  | users are told of changed credentials | option: OnEvent, CredentialsChanged | TestJourney
//	6.3.8  | nobody learns who has an account | default; option for registration: VerifyFirst | TestAttackLogin/L001
//	6.4.1  | first codes are random, good once and for a short time | default: Tokens | TestTokens
//	6.4.2  | no hints, no secret questions | default: there are none | TestRoutes
//	6.4.3  | a reset gets around no factor | default: it logs nobody in | TestAttackLogin/L053
//	6.4.4  | a lost factor is replaced by proof of identity | application: a process for people | -
//	6.4.5  | users are told in time that something expires | application: nothing here expires unused | -
//	6.4.6  | administrators start a reset, and choose no password | application: they request one, as anybody | TestManyResets
//	6.5.1  | codes are good once | default | TestAttackLogin/L040
//	6.5.2  | codes of little entropy are hashed slowly | default: there are none, tokens have 256 bits | TestAttackLogin/L041
//	6.5.3  | codes are from a secure generator | default: crypto/rand | TestTokens
//	6.5.4  | codes have 20 bits or more | default: 256 | TestTokens
//	6.5.5  | codes sent to log in live for 10 minutes at most | default: none logs in, a reset has 15 | TestAttackLogin/L039
//	6.5.6  | each factor can be revoked | application: Update, Disable | TestAttackLogin/L051
//	6.5.7  | biometrics only beside another factor | out of scope: devices see them, not servers | -
//	6.5.8  | the time of one-time passwords is trusted | out of scope: there are none | -
//	6.6.1  | telephones only as a last resort | out of scope: nothing here calls any | -
//	6.6.2  | a code is bound to what it was asked for | default: purpose, identity, method, type of actor | TestKinds
//	6.6.3  | guessing codes is slowed | default: Throttle.Network, and 256 bits | TestProvidersThatFindNobody
//	6.6.4  | prompts on devices are limited | out of scope: there are none | -
//	6.7.1  | certificates are kept from being changed | out of scope: no such method | -
//	6.7.2  | challenges have 64 bits | out of scope: no such method; a state has 256 | -
//	6.8.1  | no provider speaks for another | default: an identity is known by method and EntityID | TestAttackLogin/L047
//	6.8.2  | signatures of assertions are always checked | default | oidc.TestAttack/L029
//	6.8.3  | SAML assertions are good once | out of scope: no SAML | -
//	6.8.4  | strength and time of a log-in elsewhere | option: oidc.Config.MaxAge, ACRValues | oidc.TestHowPeopleLogIn
//	10.1.1 | tokens go only where they are needed | default: those of a provider are dropped | oidc.TestCallback
//	10.1.2 | codes and tokens only of a flow of this browser | default: state and its cookie, PKCE, nonce | TestAttackLogin/L025
//	10.2.1 | the code flow is kept from CSRF | default: state and PKCE | oidc.TestAttack/L026
//	10.2.2 | no mix-up of servers | default: a callback for each method, iss | oidc.TestAttack/L031
//	10.2.3 | only scopes that are needed | default: openid | oidc.TestAuthenticate
//	10.3.1 | a token's audience is checked | default: jwtx.Config.Audience is required | jwtx.TestAttack/J079
//	10.3.2 | what a token allows is enforced | application: auth.Scopes | auth.TestRules
//	10.3.3 | a user is issuer and subject | default: method and EntityID | TestAttackLogin/L047
//	10.3.4 | strength and time of a log-in are enforced | application: auth.Fresh | auth.TestFresh
//	10.3.5 | tokens are bound to their sender | application: jwtx refuses a bound token that nobody checks | -
//	10.4.1 | redirect addresses are compared exactly | out of scope: no authorization server | -
//	10.4.2 | codes are good once | out of scope: no authorization server | -
//	10.4.3 | codes live shortly | out of scope: no authorization server | -
//	10.4.4 | only grants that are needed | out of scope: no authorization server | -
//	10.4.5 | a refresh token that is replayed ends the session | default: package session | session.TestRefreshTokens
//	10.4.6 | PKCE is required | out of scope: no authorization server | -
//	10.4.7 | dynamic registration of clients | out of scope: no authorization server | -
//	10.4.8 | refresh tokens expire for good | default: with the session | session.TestRefreshTokens
//	10.4.9 | users can revoke tokens | application: session.NewHandler, DELETE /auth/session | TestJourney
//	10.4.10| clients authenticate | out of scope: no authorization server | -
//	10.4.11| only assigned scopes | out of scope: no authorization server | -
//	10.4.12| response modes are fixed | out of scope: no authorization server | -
//	10.4.13| pushed authorization requests | out of scope: no authorization server | -
//	10.4.14| only tokens that are bound | out of scope: no authorization server | -
//	10.4.15| details of an authorization are kept whole | out of scope: no authorization server | -
//	10.4.16| strong authentication of clients | out of scope: no authorization server | -
//	10.5.1 | an ID token is not replayed | default: nonce | oidc.TestAttack/L028
//	10.5.2 | a user is known by the sub | default | oidc.TestAttack/L047
//	10.5.3 | metadata are those of the issuer | default | oidc.TestMetadata
//	10.5.4 | an ID token is for this client | default: aud, azp | oidc.TestIDToken
//	10.5.5 | log-out by the provider | out of scope: no back channel | -
//	10.6.1 | response modes | out of scope: no identity provider | -
//	10.6.2 | forced log-outs | out of scope: no identity provider | -
//	10.7.1 | consent at each request | out of scope: no authorization server | -
//	10.7.2 | what consent says | out of scope: no authorization server | -
//	10.7.3 | consent can be reviewed | out of scope: no authorization server | -
package login
