package emailpass_test

import (
	"regexp"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
)

// FuzzEntityID: what is accepted is in its one spelling, which is its own; nothing can end a header's field or hide; and its
// characters, of which the ASCII is looked at by itself, are those that were typed, but for their case, so that no two addresses
// that differ in them are one account. Both are compared without their compositions: "t" and a diaeresis are one character, and
// "T" and a diaeresis are two.
func FuzzEntityID(f *testing.F) {
	for _, seed := range []string{
		"ann@example.com", " Ann@Example.COM\t", "jose\u0301@example.com", "m\u0131ke@example.com", "mi\u212ae@example.com", "ann\uff20example.com",
		"MI\u0307KE@example.com", "a=\u0338@b", "\u1100\u1161@b", "\u0391\u03a3@b", "a@b\r\nBcc: c@d", "stra\u00dfe@b", "\u01c5@b", "\u1e9e@b", "\u0345\u0300@b", "T\u0308@b",
		"\U00010041\u0300@b", "\U00010403\u0308@b", "\u1099\U000110ba@b", "a" + strings.Repeat("\u0300", 31) + "@b",
	} {
		f.Add(seed)
	}
	p := newProvider(nil)
	ascii := func(s string) string {
		return strings.Map(func(c rune) rune {
			if c < 0x80 {
				return c
			}
			return -1
		}, s)
	}
	f.Fuzz(func(t *testing.T, identifier string) {
		id, err := p.EntityID(identifier)
		if err != nil {
			check(t, "of what is refused", id, "")
			return
		}
		again, err := p.EntityID(id)
		check(t, "of itself", again, id)
		check(t, "error of itself", err, nil)
		check(t, "length", len(id) <= 254, true)
		check(t, "one @", strings.Count(id, "@"), 1)
		check(t, "blanks, quotes and controls", strings.ContainsAny(id, "\x00\t\r\n \x7f\"\\<>()[],;:"), false)
		lower := strings.ToLower(norm.NFD.String(strings.Trim(identifier, " \t")))
		check(t, "characters", norm.NFD.String(id), norm.NFD.String(lower))
		check(t, "form", norm.NFC.IsNormalString(id), true)
		check(t, "ASCII", ascii(norm.NFD.String(id)), strings.ToLower(ascii(norm.NFD.String(strings.Trim(identifier, " \t")))))
		for _, other := range []string{strings.ToUpper(ascii(id)), " " + id + " "} {
			if ascii(id) == id {
				spelled, err := p.EntityID(other)
				check(t, other, spelled, id)
				check(t, other+": error", err, nil)
			}
		}
	})
}

// hashErrors are all that is said of what cannot be read.
var hashErrors = regexp.MustCompile(`^emailpass: (hash that cannot be read|hash by a key that is not among Keys|` +
	`Argon2id with \d{1,10} KiB, \d{1,10} passes and \d{1,3} lanes)$`)

// FuzzHash: what is read of a hash is bounded, and what cannot be read is refused in words of our own, without its text.
func FuzzHash(f *testing.F) {
	for _, v := range vectors {
		f.Add(v.hash)
	}
	for _, seed := range []string{
		"", "$argon2id$", argon2Prefix + "m=4194304,t=1,p=1$c29tZXNhbHQ$AAAA", "$2a$31$", "$2a$", scryptText("", 63, 1<<31, 1<<31),
		hashOf(newProvider(nil), right).Reveal(), "hash that cannot be read", argon2Prefix + "m=64,t=2,p=1,keyid=f3Gh9Qkd$c29tZXNhbHQ$" + strings.Repeat("A", 43),
	} {
		f.Add(seed)
	}
	p := newProvider(nil)
	f.Fuzz(func(t *testing.T, hash string) {
		memory, work, err := p.Cost(hash)
		check(t, "memory", memory <= 256<<10, true)
		check(t, "work", work <= 1<<20, true)
		check(t, "is it known", err != nil || memory > 0 && work > 0, true)
		check(t, "length", err != nil || len(hash) <= 512, true)
		check(t, "error in our words", err == nil || hashErrors.MatchString(err.Error()), true)
	})
}
