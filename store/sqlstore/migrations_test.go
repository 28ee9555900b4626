package sqlstore_test

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/store/sqlstore"
)

// TestMigrations reads the files of all dialects: they make the same things under the same versions. Nothing in them takes
// anything back, or who applies one by hand would lose what there is.
func TestMigrations(t *testing.T) {
	objects := regexp.MustCompile(`(?m)^CREATE (?:TABLE|INDEX) (\w+)`)
	want := map[string]string{} // by the name of the file
	for _, d := range dialects {
		folder, err := sqlstore.Migrations(d)
		if err != nil {
			t.Fatal(err)
		}
		names, err := fs.Glob(folder, "*")
		if err != nil || len(names) == 0 {
			t.Fatalf("%v: %d files, %v", d, len(names), err)
		}
		for i, name := range names {
			text, err := fs.ReadFile(folder, name)
			if err != nil {
				t.Fatal(err)
			}
			check(t, name+" goes up", strings.HasPrefix(string(text), "-- +goose Up\n"), true)
			check(t, name+" goes down, or drops something", regexp.MustCompile("Down|DROP").Match(text), false)
			check(t, name+" has a version in its place", strings.HasPrefix(name, []string{"00001_"}[i]), true)
			made := strings.Join(submatches(objects, string(text)), " ")
			if want[name] == "" {
				want[name] = made
			}
			check(t, d.String()+" makes", made, want[name])
		}
		check(t, "files", len(names), len(want))
	}
	_, err := sqlstore.Migrations(0)
	check(t, "a dialect that there is not is refused", err != nil, true)
}

func submatches(re *regexp.Regexp, text string) []string {
	var all []string
	for _, match := range re.FindAllStringSubmatch(text, -1) {
		all = append(all, match[1])
	}
	return slices.Clip(all)
}
