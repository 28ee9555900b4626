package emailpass

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/countersign-go/countersign/auth/wire"
)

const maxAddress = 254 // bytes, see RFC 5321 section 4.5.3.1.3 and its erratum 1690

// EntityID returns the one spelling by which an e-mail address is looked up: in lower case, both sides of the "@" (though
// RFC 5321 section 2.4 lets a server tell Ann@ from ann@, no provider of note does), in Unicode normalisation form C, and
// without the blanks around it. Nothing else is folded: dots and what follows a "+" count, since it depends on the provider of
// the mail what they mean, and so does an internationalised domain in its two spellings.
//
// It refuses, with 400, what is longer than 254 bytes, or is not two sides of one "@": on the left letters, digits, dots and
// !#$%&'*+-/=?^_`{|}~, on the right labels of letters, digits and "-". So there are no quotes, no comments, no blanks, no
// control and no invisible characters in it, and nothing that ends the field of a mail's header. Letters of all scripts are
// letters but for those that ASCII letters are made of by a change of case or of compatibility forms, such as "ı", the Kelvin
// sign and fullwidth letters: somebody else's address must not look like it to any program on the way of the mail.
func (*Provider) EntityID(identifier string) (string, error) {
	s := trim(identifier)
	if len(s) > maxAddress || !utf8.ValidString(s) || strings.ContainsFunc(s, isRefused) {
		return "", errAddress
	}
	composed, ok := compose(s)
	if !ok || strings.ContainsFunc(composed, isRefused) { // "I" and a dot above it are one character now
		return "", errAddress
	}
	s, ok = compose(strings.ToLower(composed))
	local, domain, cut := strings.Cut(s, "@")
	if !ok || !cut || len(s) > maxAddress || strings.ContainsFunc(s, isRefused) || local == "" || !isDomain(domain) {
		return "", errAddress
	}
	return s, nil
}

var errAddress = wire.Invalid("Invalid request: Field 'email' must be an e-mail address")

// trim returns an address as it was typed, without the blanks around it.
func trim(address string) string { return strings.Trim(address, " \t") }

// compose returns s in normalisation form C, and whether that is s still. It is not where package norm sees only the last 16 bits
// of what it composes (https://go.dev/issue/81028): it makes "À" of U+10041 and a grave accent, and one account of two people's
// addresses. It decomposes rightly.
func compose(s string) (composed string, ok bool) {
	composed = norm.NFC.String(s)
	return composed, norm.NFD.String(composed) == norm.NFD.String(s)
}

// isRefused reports whether c is in no address.
func isRefused(c rune) bool {
	if c < utf8.RuneSelf {
		return !isAlphanumeric(c) && !strings.ContainsRune("@.!#$%&'*+-/=?^_`{|}~", c)
	}
	isInvisible := unicode.In(c, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
	return !unicode.In(c, unicode.L, unicode.M, unicode.Nd) || isInvisible || passesForASCII(c)
}

// passesForASCII reports whether some change of case, or of the form, makes ASCII of c, which is none.
func passesForASCII(c rune) bool {
	for f := unicode.SimpleFold(c); f != c; f = unicode.SimpleFold(f) {
		if f < utf8.RuneSelf {
			return true
		}
	}
	s := string(c)
	canonical, compatible := norm.NFC.String(s), norm.NFKC.String(s)
	return unicode.ToLower(c) < utf8.RuneSelf || unicode.ToUpper(c) < utf8.RuneSelf || canonical[0] < utf8.RuneSelf ||
		canonical != compatible && strings.ContainsFunc(compatible, func(c rune) bool { return c < utf8.RuneSelf })
}

// isDomain reports whether s is labels between dots. Whether there is one of the name is for the mail to find out.
func isDomain(s string) bool {
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || label[0] == '-' || label[len(label)-1] == '-' || strings.ContainsFunc(label, func(c rune) bool {
			return c < utf8.RuneSelf && c != '-' && !isAlphanumeric(c)
		}) {
			return false
		}
	}
	return true
}

func isAlphanumeric(c rune) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
