package board

import "io"

// Write writes the page.
func (c *Computer) Write(w io.Writer) error { return nil }

// WriteFragment writes a part of the page.
func (c *Computer) WriteFragment(w io.Writer, name string) error { return nil }

// Write writes the page.
func (p *Phone) Write(w io.Writer) error { return nil }

// Write writes the page.
func (v *Wall) Write(w io.Writer) error { return nil }

// Write writes the page.
func (r *Reports) Write(w io.Writer) error { return nil }

// Write writes the page.
func (p *Problem) Write(w io.Writer) error { return nil }

// Write writes the page.
func (l *Login) Write(w io.Writer) error { return nil }
