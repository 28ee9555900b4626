// Package auth answers two questions for a net/http server: who sent this request, and may it pass.
//
//	guard := auth.New(auth.AnyOf(sessions.Scheme(), auth.Header("X-API-Key", keys), auth.Bearer(tokens, nil)), nil)
//	mux.Handle("GET /reports", guard.Require(auth.Scopes("reports:read"))(reports))
//
// # Which type for which job
//
//   - A [Guard] stands before handlers: [Guard.Require] and [Guard.Optional] are middleware, [Guard.Check] is the decision
//     alone. A handler reads the [AuthContext] with [FromContext].
//   - A [Scheme] is one way of proving identity. [Bearer], [Header], [Basic] and [Cookie] read a token from a request and
//     have a [TokenVerifier] look at it: an API key, a JWT, a session. [Tokens] chooses among verifiers by the shape of the
//     token.
//   - [AnyOf] and [AllOf] combine schemes; [Then] adds what the application knows, such as its user and roles.
//   - A [Rule] decides whether who came may pass: [Scopes], [Roles], [ActorType], [Fresh], [All], [Any], or a func.
//   - An [Error] is a refusal with its status; a [Challenge] tells the client what would have been accepted. An
//     [ErrorHandler] writes the body: JSON, [Problem], [Redirect], or one of the application's.
//
// # What an error means
//
// It is read in one place, the same way for every scheme. [NoCredentials] is the one value that lets a request go on, and
// is compared exactly. [ErrInvalidCredentials] is 401, [ErrUnavailable] 503, an [Error] has its own status, and everything
// else is a failure: 500. So a mistake in a scheme or an outage of a store never lets anyone pass, and never tells anyone
// that good credentials are bad.
//
// # What is promised
//
// The handler is called only for a request that passed. Every 401 has a challenge, every refusal is kept out of caches, and
// what passed is kept out of shared ones. No credential is in an error, a log line or an answer. Tokens in query strings and
// forms are never read. What a handler gets is its own copy, and nothing that a program puts into a context is trusted.
//
// # What the surroundings must do
//
// Serve over TLS; recover panics (net/http does); answer CORS preflights before the guard, since they carry no
// credentials; bound the size of headers (net/http does).
package auth

// To read this package, begin with scheme.go and error.go, which say what a scheme answers and what that means. Then
// guard.go, verdict.go and rule.go, which decide; anyof.go, allof.go and then.go, which combine. carrier.go and cookie.go
// find tokens in requests. Every other file is one thing by itself.
