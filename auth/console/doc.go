// Package console is a set of pages on which people manage their API keys and sessions: an [http.Handler] to mount in
// a program of one's own, with everything it needs embedded.
//
//	pages, err := console.New(console.Config{Keys: keys, Sessions: sessions, Guard: guard, Scopes: []string{"reports:read"}})
//	mux.Handle("/console/", pages)
//
// Where to look:
//
//   - [Config] is all there is to set, [New] checks it.
//   - Who may come in is for Config.Guard and Config.Rules to say: the handler wraps itself with [auth.Guard.Require], so it
//     cannot be mounted without.
//   - What somebody may do there is for the policies of the managers to say, apikey.Config.Policy and
//     session.Config.Policy: the pages do everything through apikey.Manager.As and session.Manager.As.
//
// What is promised:
//
//   - Every page works without script. The one script, which is embedded too, shows a button that copies a new key.
//   - A Content-Security-Policy allows the handler's own stylesheet and script, forms to the same host, and nothing else:
//     no framing, nothing inline. Pages are not stored by browsers or caches, and the address of a page is told to no
//     other site.
//   - The text of a secret key is shown once, in the answer to the form that made it. It is in no address, no cookie, no
//     redirection and no log line.
//   - Only POST changes something. A request that another origin's page makes is refused with 403 whatever the guard's
//     scheme is, and so in addition to what the scheme of a cookie does.
//   - A form that is sent a second time, by reloading the page that shows a new key or by an impatient click, makes no
//     second key: each form carries which keys there were when it was opened, and where that has changed it is shown again
//     and asks (409). Posts of one actor take turns for that within a process; two processes that are sent the same form
//     in the same instant can each make a key.
//   - What is not there and what is somebody else's are answered alike, with 404. A store that does not answer is 503.
//   - What people typed, and what clients sent of themselves, is escaped by html/template. Forms are bounded, and what they
//     hold besides the fields of a page is ignored.
//   - What was done is told once more on the next page, by a word in its address. Where a browser says who sent it there, the
//     link of another site tells nothing.
//
// What the surroundings must do: serve over TLS; log people in, and answer those who are not by the guard's ErrorHandler,
// such as auth.Redirect; leave the path as it is (no http.StripPrefix), and the header fields of the answers too.
//
// The policy also holds for what an ErrorHandler writes, unless that sets another. Browsers apply it to redirections as
// well: a form of the console that is answered by one to another host seems to do nothing. So let auth.Redirect and
// Config.SignedOut lead to a page of the same host, from where a link or a script may lead on.
package console
