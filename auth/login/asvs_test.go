package login_test

import (
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"path/filepath"
	"strings"
	"testing"
)

// chapters6And10 are the requirements of chapters 6 and 10 of OWASP ASVS 5.0.
const chapters6And10 = "6.1.1 6.1.2 6.1.3 6.2.1 6.2.2 6.2.3 6.2.4 6.2.5 6.2.6 6.2.7 6.2.8 6.2.9 6.2.10 6.2.11 6.2.12 " +
	"6.3.1 6.3.2 6.3.3 6.3.4 6.3.5 6.3.6 6.3.7 6.3.8 6.4.1 6.4.2 6.4.3 6.4.4 6.4.5 6.4.6 6.5.1 6.5.2 6.5.3 6.5.4 6.5.5 6.5.6 6.5.7 6.5.8 " +
	"6.6.1 6.6.2 6.6.3 6.6.4 6.7.1 6.7.2 6.8.1 6.8.2 6.8.3 6.8.4 10.1.1 10.1.2 10.2.1 10.2.2 10.2.3 10.3.1 10.3.2 10.3.3 10.3.4 10.3.5 " +
	"10.4.1 10.4.2 10.4.3 10.4.4 10.4.5 10.4.6 10.4.7 10.4.8 10.4.9 10.4.10 10.4.11 10.4.12 10.4.13 10.4.14 10.4.15 10.4.16 " +
	"10.5.1 10.5.2 10.5.3 10.5.4 10.5.5 10.6.1 10.6.2 10.7.1 10.7.2 10.7.3"

// directories are where the tests of the packages are that the table names.
var directories = map[string]string{
	"": ".", "auth": "..", "emailpass": "emailpass", "jwtx": "../../jwtx", "oidc": "oidc", "session": "../../session",
}

// The table in the package comment is whole, and the tests that it names are there.
func TestASVSTable(t *testing.T) {
	var numbers []string
	known := map[string]map[string]bool{}
	for name, directory := range directories {
		known[name] = namesInTests(t, directory)
	}
	for line := range strings.Lines(must(parser.ParseFile(gotoken.NewFileSet(), "doc.go", nil, parser.ParseComments)).Doc.Text()) {
		cells := strings.Split(line, "|")
		number := strings.TrimSpace(cells[0])
		if len(cells) == 1 || !strings.HasPrefix(line, "\t") {
			continue
		}
		numbers = append(numbers, number)
		check(t, number+": cells", len(cells), 4)
		how := strings.TrimSpace(cells[2])
		word, reason, _ := strings.Cut(how, ":")
		word, _, _ = strings.Cut(word, ";")
		check(t, number+": met by "+how, strings.Contains("|default|option|application|out of scope|", "|"+word+"|"), true)
		test := strings.TrimSpace(cells[3])
		if test == "-" {
			check(t, number+": no test, and no reason", reason != "" && word != "default" && word != "option", true)
			continue
		}
		directory, name, other := strings.Cut(test, ".")
		if !other {
			directory, name = "", test
		}
		for part := range strings.SplitSeq(name, "/") {
			check(t, number+": there is "+test, known[directory][part], true)
		}
	}
	check(t, "the requirements", strings.Join(numbers, " "), chapters6And10)
}

// namesInTests returns the names of the functions in the test files of a directory, and the IDs of attacks.
func namesInTests(t *testing.T, directory string) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	for _, path := range must(filepath.Glob(filepath.Join(directory, "*_test.go"))) {
		file := must(parser.ParseFile(gotoken.NewFileSet(), path, nil, parser.SkipObjectResolution))
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				names[n.Name.Name] = n.Recv == nil
			case *ast.KeyValueExpr:
				if key, ok := n.Key.(*ast.BasicLit); ok {
					names[strings.Trim(key.Value, `"`)] = true
				}
			}
			return true
		})
	}
	return names
}
