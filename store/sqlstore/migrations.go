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

// Migrations returns the files that [Migrate] applies, with the default prefix, in the order of their names: for programs
// that have a tool for that, and to be read or applied by hand. With goose, which the format is for, they need a version
// table of their own. None of them has a part that takes back what it made: what is in the tables cannot be made again.
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

// changes returns the statements of a file.
func changes(text string) []change {
	var all []change
	for statement := range strings.SplitSeq(strings.TrimPrefix(text, "-- +goose Up"), ";\n") {
		if made := makes.FindStringSubmatch(statement); made != nil {
			all = append(all, change{strings.TrimSpace(statement), made[1], made[2], made[3]})
		}
	}
	return all
}

var makes = regexp.MustCompile(`(?m)^CREATE (TABLE|INDEX) (\w+) (?:ON (\w+) )?\(`)
