package sqlstore

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"
)

//go:embed migrations
var files embed.FS

// Migrations returns the files that [Migrate] applies, with the default prefix, in the format of goose: for programs that
// already have a tool for that, and for reading.
func Migrations(d Dialect) (fs.FS, error) {
	if !d.known() {
		return nil, fmt.Errorf("sqlstore: %v is no dialect", d)
	}
	return fs.Sub(files, path.Join("migrations", d.String()))
}

// A migration is one file.
type migration struct {
	version int
	changes []change
}

// A change is one statement of a migration, and what is there once it was run.
type change struct {
	statement string
	kind      string // "TABLE" or "INDEX"
	name      string
	table     string // that an index is of
}

// migrations returns the migrations in their order, for tables with the prefix. What is embedded is right: the tests read
// all of it.
func migrations(d Dialect, prefix string) []migration {
	folder := path.Join("migrations", d.String())
	entries, _ := files.ReadDir(folder)
	all := make([]migration, 0, len(entries))
	for _, entry := range entries { // sorted by name
		text, _ := files.ReadFile(path.Join(folder, entry.Name()))
		version, _, _ := strings.Cut(entry.Name(), "_")
		m := migration{changes: changes(strings.ReplaceAll(string(text), DefaultPrefix, prefix))}
		m.version, _ = strconv.Atoi(version)
		all = append(all, m)
	}
	return all
}

// changes returns the statements of the part of a file that goes up.
func changes(text string) []change {
	up, _, _ := strings.Cut(text, "-- +goose Down")
	up = strings.TrimPrefix(up, "-- +goose Up")
	var all []change
	for statement := range strings.SplitSeq(up, ";\n") {
		if made := makes.FindStringSubmatch(statement); made != nil {
			all = append(all, change{strings.TrimSpace(statement), made[1], made[2], made[3]})
		}
	}
	return all
}

var makes = regexp.MustCompile(`(?m)^CREATE (TABLE|INDEX) (\w+) (?:ON (\w+) )?\(`)
