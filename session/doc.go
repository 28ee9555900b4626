// Package session keeps logins on the server and their proof in a cookie.
//
// A session is one login. A [Manager] starts it, renews it while it is used, changes its secret when its privileges
// change, and ends it; [Manager.Scheme] is what a guard asks. A [Store] keeps one [Record] for each, package store/memory
// has one for a single process.
//
//	sessions, err := session.New(session.Config{Store: memory.NewSessions(nil), Keys: [][]byte{key}})
//	guard := auth.New(sessions.Scheme(), nil)
//	ac, err := sessions.Start(w, r, session.Login{Actor: auth.Actor{Type: "user", ID: user.ID}}) // to log in
//	err = sessions.End(r.Context(), ac.SessionID)                                                // to log out
//	sessions.ClearCookie(w)
//
// What is promised:
//
//   - The ID is made at log-in, stays for the session's life and is no secret. One that a client brings is never adopted.
//   - The secret beside it has 256 bits; the store keeps only its digest. [Manager.Rotate] changes it, and the old one is
//     dead at once.
//   - A session that was ended stays ended: every change is a [Store.Replace], which never creates.
//   - It ends when it was not used for the idle timeout, and at the end of its lifetime whatever happens. A session in use
//     is written at most once in each renewal interval.
//   - A request that the cookie authenticates, and the log-in itself, must come from a trusted origin.
//   - A store that does not answer is [auth.ErrUnavailable], never "logged out" and never "logged in".
//
// What the surroundings must do: serve over TLS, or the browser will not keep the cookie; make Keys once, from
// crypto/rand, and give the same ones to every process.
package session
