package auth_test

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestEveryAttackIsMapped holds testdata/attacks.csv against the tests it names. Each row says where a known attack is
// covered ("test: PACKAGE TestAttack/ID"), which capability will have to ("later: …"), or why there is nothing to attack
// ("n/a: …").
func TestEveryAttackIsMapped(t *testing.T) {
	file, err := os.Open("testdata/attacks.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, row := range rows[1:] {
		id, where := row[0], row[2]
		if seen[id] {
			t.Errorf("%s: listed twice", id)
		}
		seen[id] = true
		if problem := unmapped(id, where); problem != "" {
			t.Errorf("%s: %s", id, problem)
		}
	}
	if len(seen) < 218 {
		t.Errorf("%d attacks, want the 218 that are known and more", len(seen))
	}
}

// unmapped returns what is wrong with where, or "".
func unmapped(id, where string) string {
	for _, part := range strings.Split(where, "; ") {
		kind, rest, _ := strings.Cut(part, ": ")
		pkg, test, _ := strings.Cut(rest, " ")
		switch {
		case kind == "later" && rest != "", kind == "n/a" && rest != "":
		case kind != "test":
			return "neither test, later nor n/a: " + part
		case !strings.HasPrefix(test, "TestAttack") || !strings.HasSuffix(test, "/"+id):
			return "not the name of its test: " + part
		case !mentions(filepath.Join("..", pkg), id):
			return "no test of " + pkg + " mentions it"
		}
	}
	return ""
}

// mentions reports whether a test file in dir has the ID as a name.
func mentions(dir, id string) bool {
	files, _ := filepath.Glob(filepath.Join(dir, "*_test.go"))
	for _, name := range files {
		if source, err := os.ReadFile(name); err == nil && strings.Contains(string(source), `"`+id+`"`) {
			return true
		}
	}
	return false
}
