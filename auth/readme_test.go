package auth_test

import (
	"os"
	"strings"
	"testing"
)

// TestReadmeShowsTheExample holds README.md against the program that is compiled as an Example.
func TestReadmeShowsTheExample(t *testing.T) {
	example, err := os.ReadFile("example_readme_test.go")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	program := strings.NewReplacer("package auth_test", "package main", "func Example_readme()", "func main()").
		Replace(string(example))
	if !strings.Contains(string(readme), "```go\n"+program+"```\n") {
		t.Error("README.md does not show the program of example_readme_test.go")
	}
	if n := strings.Count(program, "\n"); n >= 40 {
		t.Errorf("the program has %d lines, want fewer than 40", n)
	}
}
