// Command holder keeps files open like Windows programs that do not expect a replacement: others may read and write the
// files, but not delete or rename them. It also takes the names of pipes, and answers nobody. It prints "held", and
// lets go when its standard input ends.
package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/Microsoft/go-winio"
)

// hold opens a file, or makes a pipe.
func hold(path string) (io.Closer, error) {
	if strings.HasPrefix(path, `\\.\pipe\`) {
		return winio.ListenPipe(path, nil)
	}
	return os.Open(path)
}

func main() {
	for _, path := range os.Args[1:] {
		f, err := hold(path)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		defer f.Close()
	}
	fmt.Println("held")
	_, _ = io.Copy(io.Discard, os.Stdin)
}
