package jwtx_test

import (
	archive "archive/zip" // zip is an attack
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

const noVectors = "no test vectors; to fetch them, in a clone of the repository: GOWORK=off go -C .dev/vectors mod download"

// wycheproof returns the test vectors of Project Wycheproof, at the version that .dev/vectors pins. They are taken from the
// module cache and never downloaded here: a test that wants them is skipped where they are not.
func wycheproof(t *testing.T) fs.FS {
	t.Helper()
	pins, noPins := os.ReadFile("../.dev/vectors/go.mod")
	sums, noSums := os.ReadFile("../.dev/vectors/go.sum")
	if noPins != nil || noSums != nil {
		t.Skip(noVectors)
	}
	pin := regexp.MustCompile(`(github\.com/c2sp/wycheproof) (\S+)`).FindStringSubmatch(string(pins))
	if pin == nil {
		t.Fatal(".dev/vectors/go.mod does not pin them")
	}
	zipped, sum := cached(t, pin[1]+"@"+pin[2])
	if zipped == "" {
		t.Skip(noVectors)
	}
	if !strings.Contains(string(sums), pin[0]+" "+sum+"\n") {
		t.Fatal("the module cache has other vectors than .dev/vectors pins")
	}
	module, err := archive.OpenReader(zipped)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = module.Close() })
	return must(fs.Sub(module, pin[1]+"@"+pin[2]+"/testvectors_v1"))
}

// cached returns the zip file of a module in the module cache and its checksum, or "". A zip is all that there is where the
// module wants a newer Go than the one that runs: then the command fails, and names it.
func cached(t *testing.T, module string) (zipped, sum string) {
	t.Helper()
	command := exec.Command("go", "mod", "download", "-json", module)
	command.Dir = t.TempDir()
	command.Env = append(os.Environ(), "GOPROXY=off", "GOWORK=off", "GOFLAGS=", "GOTOOLCHAIN=local")
	output, _ := command.Output()
	var found struct{ Zip, Sum string }
	_ = json.Unmarshal(output, &found)
	return found.Zip, found.Sum
}

// readVectors reads a file of vectors.
func readVectors(t *testing.T, vectors fs.FS, name string, into any) {
	t.Helper()
	if err := json.Unmarshal(must(fs.ReadFile(vectors, name)), into); err != nil {
		t.Fatal(name, ": ", err)
	}
}
