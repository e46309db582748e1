// Command holder keeps files open as programs of Windows do that know nothing of replacing: others may read and write them, and
// not delete or rename them. It says "held" and lets go when its standard input ends.
package main

import (
	"fmt"
	"io"
	"os"
)

func main() {
	for _, path := range os.Args[1:] {
		f, err := os.Open(path)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		defer f.Close()
	}
	fmt.Println("held")
	_, _ = io.Copy(io.Discard, os.Stdin)
}
