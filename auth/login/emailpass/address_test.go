package emailpass_test

import (
	"strings"
	"testing"
	"unicode"
)

const noAddress = "Bad Request: Invalid request: Field 'email' must be an e-mail address"

func TestEntityID(t *testing.T) {
	p := newProvider(nil)
	long := strings.Repeat("a", 64) + "@" + strings.Repeat(strings.Repeat("b", 61)+".", 3) // and three bytes more make 254
	tests := []struct{ name, identifier, want string }{
		{"plain", "ann@example.com", "ann@example.com"},
		{"upper case", "ANN@Example.COM", "ann@example.com"},
		{"blanks around", " \tann@example.com\t ", "ann@example.com"},
		{"dots count", "a.nn@example.com", "a.nn@example.com"},
		{"a tag counts", "ann+shop@example.com", "ann+shop@example.com"},
		{"all that a local part may have", "a!#$%&'*+-/=?^_`{|}~9@example.com", "a!#$%&'*+-/=?^_`{|}~9@example.com"},
		{"no dot in the domain", "root@localhost", "root@localhost"},
		{"254 bytes", long + "ccc", long + "ccc"},
		{"composed", "jos\u00e9@example.com", "jos\u00e9@example.com"},
		{"decomposed", "jose\u0301@example.com", "jos\u00e9@example.com"},
		{"decomposed, upper case", "JOSE\u0301@example.com", "jos\u00e9@example.com"},
		{"umlauts", "J\u00dcRGEN@M\u00dcNCHEN.DE", "j\u00fcrgen@m\u00fcnchen.de"},
		{"composed in lower case only", "H\u0331ann@example.com", "\u1e96ann@example.com"},
		{"Angstrom sign", "\u212bke@example.com", "\u00e5ke@example.com"},
		{"Greek", "\u0391\u039d\u039d\u0391@\u03b5\u03bb.gr", "\u03b1\u03bd\u03bd\u03b1@\u03b5\u03bb.gr"},
		{"Cyrillic, which is not a", "\u0430nn@example.com", "\u0430nn@example.com"},
		{"Hangul in parts", "\u1100\u1161@example.com", "\uac00@example.com"},
		{"Thai", "\u0e19\u0e49\u0e33@example.com", "\u0e19\u0e49\u0e33@example.com"},
		{"Devanagari digits", "\u0966\u0967@example.com", "\u0966\u0967@example.com"},
		{"sharp s", "stra\u00dfe@example.com", "stra\u00dfe@example.com"},
		{"an internationalised domain as it is in DNS", "ann@xn--mnchen-3ya.de", "ann@xn--mnchen-3ya.de"},

		{"empty", "", ""},
		{"blank", "  ", ""},
		{"no @", "example.com", ""},
		{"two @", "ann@bob@example.com", ""},
		{"nothing before it", "@example.com", ""},
		{"nothing behind it", "ann@", ""},
		{"255 bytes", long + "cccc", ""},
		{"1 MiB", strings.Repeat("a", 1<<20) + "@example.com", ""},
		{"quotes", `"ann"@example.com`, ""},
		{"quotes with an @", `"ann@home"@example.com`, ""},
		{"backslash", `an\n@example.com`, ""},
		{"comment", "ann(home)@example.com", ""},
		{"display name", "Ann <ann@example.com>", ""},
		{"two addresses", "ann@example.com,bob@example.com", ""},
		{"semicolon", "ann;bob@example.com", ""},
		{"colon", "mailto:ann@example.com", ""},
		{"blank within", "an n@example.com", ""},
		{"no-break space around", "\u00a0ann@example.com", ""},
		{"new line behind", "ann@example.com\n", ""},
		{"header", "ann@example.com\r\nBcc: bob@example.com", ""},
		{"header before", "a\r\nTo:b@example.com", ""},
		{"NUL", "ann\x00@example.com", ""},
		{"DEL", "ann\x7f@example.com", ""},
		{"C1 control", "ann\u0085@example.com", ""},
		{"line separator", "ann\u2028@example.com", ""},
		{"not UTF-8", "ann\xff@example.com", ""},
		{"a replacement character", "ann\ufffd@example.com", ""},
		{"address literal", "ann@[127.0.0.1]", ""},
		{"empty label", "ann@example..com", ""},
		{"dot before the domain", "ann@.example.com", ""},
		{"dot behind", "ann@example.com.", ""},
		{"dash before", "ann@-example.com", ""},
		{"dash behind", "ann@example-.com", ""},
		{"underscore in the domain", "ann@exa_mple.com", ""},

		{"dotless i", "m\u0131ke@example.com", ""},
		{"I with a dot", "M\u0130KE@example.com", ""},
		{"I and a dot", "MI\u0307KE@example.com", ""},
		{"long s", "\u017fue@example.com", ""},
		{"Kelvin sign", "mi\u212ae@example.com", ""},
		{"Kelvin sign in the domain", "ann@\u212aelvin.com", ""},
		{"fullwidth @", "ann\uff20example.com", ""},
		{"fullwidth a", "\uff41nn@example.com", ""},
		{"fullwidth dot", "ann@example\uff0ecom", ""},
		{"ideographic dot", "ann@example\u3002com", ""},
		{"small @", "ann\ufe6bexample.com", ""},
		{"ligature", "\ufb01nn@example.com", ""},
		{"bold", "\U0001d41ann@example.com", ""},
		{"bold digit", "ann\U0001d7ce@example.com", ""},
		{"circled", "\u24d0nn@example.com", ""},
		{"superscript", "ann\u00b2@example.com", ""},
		{"ordinal", "\u00aann@example.com", ""},
		{"Greek question mark, which is ;", "ann\u037e@example.com", ""},
		{"not equal, of = and a stroke", "a=\u0338@example.com", ""},
		{"Linear B, not composed as the A of its last 16 bits", "\U00010041\u0300nn@example.com", ""},
		{"the same of Chinese", "\U00020041\u0300nn@example.com", ""},
		{"the same when in lower case only", "\U00010403\u0308@example.com", ""},
		{"the same of a mark beyond them", "\u1099\U000110ba@example.com", ""},
		{"composed of characters beyond 16 bits", "\U00011099\U000110ba@example.com", "\U0001109a@example.com"},
		{"not composed of them", "\U00010041@example.com", "\U00010041@example.com"},

		{"zero width space", "an\u200bn@example.com", ""},
		{"zero width joiner", "an\u200dn@example.com", ""},
		{"soft hyphen", "an\u00adn@example.com", ""},
		{"byte order mark", "\ufeffann@example.com", ""},
		{"from right to left", "\u202enna@example.com", ""},
		{"variation selector", "ann\ufe0f@example.com", ""},
		{"grapheme joiner", "an\u034fn@example.com", ""},
		{"Hangul filler", "ann\u3164@example.com", ""},
		{"tag", "ann\U000e0061@example.com", ""},
		{"private use", "ann\ue000@example.com", ""},
		{"emoji", "ann\U0001f600@example.com", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := p.EntityID(tt.identifier)
			check(t, "entity", got, tt.want)
			check(t, "error", kind(err), map[bool]string{true: noAddress, false: "ok"}[tt.want == ""])
			i, err := p.Import(tt.identifier, scryptHash)
			check(t, "is imported", err == nil, tt.want != "")
			check(t, "as typed", i.Identifier, map[bool]string{true: "", false: strings.Trim(tt.identifier, " \t")}[tt.want == ""])
		})
	}
}

// No character passes for ASCII: beside the others each is refused, or it is there still. So it is if a mark follows.
func TestEveryCharacter(t *testing.T) {
	p := newProvider(nil)
	accepted := 0
	for c := rune(0x80); c <= unicode.MaxRune; c++ {
		id, err := p.EntityID("X" + string(c) + "y@Example.com")
		if err != nil {
			continue
		}
		accepted++
		again, err := p.EntityID(id)
		ok := err == nil && again == id && strings.HasSuffix(id, "y@example.com") && !strings.ContainsRune("x", []rune(id)[1])
		switch letters := []rune(strings.TrimSuffix(id, "y@example.com")); {
		case !ok, strings.ToLower(string(letters)) != string(letters):
		case letters[0] == 'x' && len(letters) > 1 && letters[1] >= 0x80: // c is there
			continue
		case letters[0] >= 0x80: // c is a mark, and one with the x
			continue
		}
		t.Errorf("%U is %q", c, id)
	}
	check(t, "some are accepted", accepted > 100_000, true)
}
