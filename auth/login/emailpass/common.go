package emailpass

import (
	_ "embed"
	"sort"
	"strings"
)

//go:embed commonpasswords.txt
var commonText string

// common has the commonest passwords of 8 characters and more, in lower case, sorted, one in a line: the file without what
// it says of itself. It is searched where it is, in the program's read-only memory: nothing is built, and nothing kept.
var _, common, _ = strings.Cut(commonText, "\n\n")

// isCommon reports whether lower, which is in lower case, is one of them.
func isCommon(lower string) bool {
	// What is searched for is the first byte whose line is not before lower.
	at := sort.Search(len(common), func(n int) bool { return lineAt(n) >= lower })
	return at < len(common) && lineAt(at) == lower
}

// lineAt returns the line with the nth byte in it.
func lineAt(n int) string {
	start := strings.LastIndexByte(common[:n], '\n') + 1
	line, _, _ := strings.Cut(common[start:], "\n")
	return line
}
