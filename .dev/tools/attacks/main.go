// Command attacks reads what go test -json writes, prints it as go test would have, and fails unless every test that
// the where column of TABLE names, such as "test: auth TestAttack/H001; jwtx TestAttack/H001", has passed.
//
// Usage: go test -json -run '^TestAttack' ./... | attacks TABLE
package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strings"
)

const module = "github.com/countersign-go/countersign/"

func main() {
	passed := readTests(json.NewDecoder(os.Stdin))
	table, err := os.Open(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	rows, err := csv.NewReader(table).ReadAll()
	if err != nil || len(rows) < 2 || strings.Join(rows[0], ",") != "id,expect,where,note" {
		log.Fatalf("%s is not a table of id,expect,where,note: %v", table.Name(), err)
	}
	wrong := 0
	for _, row := range rows[1:] {
		id, where := row[0], row[2]
		kind, rest, _ := strings.Cut(where, ": ")
		for part := range strings.SplitSeq(rest, "; ") {
			test := strings.TrimPrefix(part, "test: ")
			ran := kind == "test" && strings.HasSuffix(test, "/"+id) && passed[module+test]
			excused := (kind == "later" || kind == "n/a") && rest != ""
			if !ran && !excused {
				wrong++
				fmt.Printf("%s: no such test passed: %q\n", id, where)
			}
		}
	}
	if wrong > 0 {
		log.Fatalf("%s: %d of its tests did not pass", table.Name(), wrong)
	}
}

// readTests returns the tests that passed, each as "import-path TestName/ID".
func readTests(in *json.Decoder) map[string]bool {
	passed := map[string]bool{}
	for in.More() {
		var e struct{ Action, Package, Test, Output string }
		if err := in.Decode(&e); err != nil {
			log.Fatal(err)
		}
		fmt.Print(e.Output)
		passed[e.Package+" "+e.Test] = e.Action == "pass"
	}
	return passed
}
