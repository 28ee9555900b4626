package session_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// chapter7 is the requirements of chapter 7 of OWASP ASVS 5.0.
const chapter7 = "7.1.1 7.1.2 7.1.3 7.2.1 7.2.2 7.2.3 7.2.4 7.3.1 7.3.2 7.4.1 7.4.2 7.4.3 7.4.4 7.4.5 7.5.1 7.5.2 7.5.3 7.6.1 7.6.2"

// The table in the package comment is whole, and the tests that it names are there.
func TestASVSTable(t *testing.T) {
	var numbers []string
	known := namesInTests(t)
	for line := range strings.Lines(packageComment(t)) {
		cells := strings.Split(line, "|")
		number := strings.TrimSpace(cells[0])
		if !strings.HasPrefix(line, "\t7.") {
			continue
		}
		numbers = append(numbers, number)
		check(t, number+": cells", len(cells), 4)
		how, _, _ := strings.Cut(strings.TrimSpace(cells[2]), ":")
		check(t, number+": met by "+how, strings.Contains(" default option application ", " "+how+" "), true)
		for _, name := range strings.Split(strings.TrimSpace(cells[3]), "/") {
			check(t, number+": there is "+name, known[name], true)
		}
	}
	check(t, "the requirements", strings.Join(numbers, " "), chapter7)
}

// packageComment returns the text above the package clause of doc.go.
func packageComment(t *testing.T) string {
	t.Helper()
	file := must(parser.ParseFile(token.NewFileSet(), "doc.go", nil, parser.ParseComments))
	return file.Doc.Text()
}

// namesInTests returns the names of the functions in the test files of this directory, and the IDs of attacks.
func namesInTests(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	for _, path := range must(filepath.Glob("*_test.go")) {
		file := must(parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution))
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
