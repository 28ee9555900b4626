package auth_test

import (
	"os"
	"strings"
	"testing"
)

// TestReadmeShowsTheVerifier holds README.md against the lines that are compiled as another.
func TestReadmeShowsTheVerifier(t *testing.T) {
	example, err := os.ReadFile("example_remote_test.go")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(string(example), "func Example_identityProvider() {\n")
	lines := strings.ReplaceAll("\n"+strings.TrimSuffix(body, "}\n"), "\n\t", "\n")
	if !strings.Contains(string(readme), "```go"+lines+"```\n") {
		t.Error("README.md does not show the lines of example_remote_test.go")
	}
}

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
