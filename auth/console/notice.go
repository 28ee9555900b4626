package console

const noticeParam = "said"

// A notice tells what was done on the page before. Its name travels in the address, so what it says is one of a few
// texts and never something that an address can bring along.
type notice struct {
	Tone string // "good" or "warn"
	Text string
}

var notices = map[string]notice{
	"renamed":       {"good", "The key was renamed."},
	"revoked":       {"good", "The key was revoked. It is refused from now on."},
	"revoked-later": {"good", "The key was revoked. It is refused after the time below."},
	"disabled":      {"good", "The key was disabled. It is refused until somebody enables it again."},
	"enabled":       {"good", "The key was enabled."},
	"deleted":       {"good", "The key was deleted."},
	"ended":         {"good", "The session was ended."},
	"ended-others":  {"good", "All other sessions were ended."},
	"ended-all":     {"good", "All sessions were ended."},
	"was-revoked":   {"warn", "Nothing was changed: the key was already revoked or rotated."},
	"not-rotated":   {"warn", "No new key was made: this one was already revoked or rotated. If a newer key is named below and you have not copied its text, rotate that one."},
	"is-disabled":   {"warn", "Nothing was changed: a key that is disabled cannot be rotated."},
	"has-expired":   {"warn", "Nothing was changed: a key that has expired cannot be rotated."},
	"not-revoked":   {"warn", "Nothing was deleted: only a key that is revoked and no longer works can be deleted."},
}
