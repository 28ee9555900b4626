// Package emailpass lets people log in by e-mail address and password.
//
// A [Provider] is a method of a login.Service. [Config] says what passwords may be and how they are kept; its zero value is
// what most programs want:
//
//	provider, err := emailpass.New(emailpass.Config{})
//	service, err := login.New(login.Config{
//		Methods: []login.Method{{ID: emailpass.DefaultID, Provider: provider}},
//		Actors:  map[string][]string{"customer": {emailpass.DefaultID}},
//		…
//	})
//
// Which func for which job:
//
//   - People register, log in and reset their password: the service calls [Provider.Register], [Provider.Authenticate] and
//     [Provider.Update]. Registering and logging in take the fields "email" and "password", an update takes "password".
//   - A program makes an account: [Provider.NewIdentity], for Service.Create.
//   - Accounts of another system come along with their hashes: [Provider.Import], for Service.Create, and [Config].Imported.
//   - What an address is looked up by: [Provider.EntityID].
//
// # Addresses
//
// An account has one address, whatever the case, the Unicode normalisation form and the blanks around it, and so one count of
// failed attempts. Dots and tags within it are somebody else's: a.nn@ is not ann@. What looks like an ASCII letter to a program
// that folds case or forms is refused, and so is what could end a header's field: see [Provider.EntityID]. Mail goes to the
// address as it was registered, never to one that a request brings along.
//
// # Passwords
//
// NIST SP 800-63B-4 section 3.1.1.2 and OWASP ASVS 5.0 section 6.2 have these rules for new passwords, and there are no others:
//
//	15 characters at least                          | Config.MinLength; 8 where a second factor follows each log-in
//	1,024 bytes at most, of any characters in UTF-8 | ASVS 6.2.9; characters are code points
//	none of those that are guessed first            | ASVS 6.2.4: some 5,000, whole and in any case, also if they are repeated
//	not the address, and not what is before its "@" | in any case, also repeated
//	nothing that the application knows better       | ASVS 6.1.2, 6.2.11, 6.2.12: Config.Refuse, for its words and for breaches
//
// They are verified exactly as they were sent (ASVS 6.2.8): not trimmed, folded, cut, or normalised, which NIST recommends and
// ASVS does not allow. What rule a new password breaks is told: 400. At log-in none of this is asked.
//
// They are kept as hashes by Argon2id, RFC 9106, with parameters of the OWASP Password Storage Cheat Sheet, in PHC string
// format. [Config].Keys adds a key that is kept elsewhere. A hash by another algorithm, another key or cheaper parameters is
// replaced when its owner logs in.
//
// # What is promised
//
//   - Each refused log-in is the same 401 after the same work, one look-up and one hash: for a wrong password, one that is too
//     long, and an account that is unknown, disabled or has no password. A cheaper hash by Argon2id is followed by another that
//     makes up the difference, one by scrypt or bcrypt by a whole one: there, and where one by Argon2id costs more than a new
//     one, refusals take longer than others, unless [Config].Imported has all of them take as long. What is no address at all
//     is refused without work, since nobody has one.
//   - Whether there is an account decides nothing in registering: all of it is hashed first.
//   - A field that is missing is 400, one that is no string too: that is said before any account is looked for.
//   - No more than [Config].MaxHashes are computed at once, with the memory of as many; a hash of more than that takes the
//     share of several. Who finds no share in time is answered with 503 and Retry-After, and nothing was compared. A
//     hash that has begun is not broken off when the client hangs up.
//   - A hash in the store that costs too much is not computed: whoever can write there cannot stop the server so.
//   - No password and no hash is in an error, or kept longer than the call takes.
//
// What the surroundings must do: serve over TLS, throttle, which the service does, and hand tokens that reset passwords to mail.
//
// golang.org/x/crypto's Argon2id takes fresh memory for each hash. So a server that logs many people in at once needs about
// twice the memory of MaxHashes, until it is collected, unless GOMEMLIMIT or GOGC says otherwise.
package emailpass
