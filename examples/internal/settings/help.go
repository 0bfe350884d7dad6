package settings

import (
	_ "embed"
	"fmt"
	"io"
	"strings"
)

//go:embed doc.go
var doc string

// Help prints the table of the variables, which is that of the package.
func Help(w io.Writer) {
	_, text, _ := strings.Cut(doc, "the same for all.\n")
	text, _, _ = strings.Cut(text, "package settings")
	fmt.Fprintln(w, "The environment says what is connected:")
	for line := range strings.Lines(text) {
		line = strings.TrimPrefix(strings.TrimPrefix(line, "//"), " ")
		fmt.Fprint(w, strings.Replace(line, "\t", "  ", 1))
	}
}
