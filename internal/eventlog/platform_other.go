//go:build !windows

package eventlog

// Install does nothing here.
func Install(string) error { return ErrUnsupported }

// Remove does nothing here.
func Remove(string) error { return ErrUnsupported }

// Open says that there is none.
func Open(string) (write func(Entry) error, closeLog func() error, err error) {
	return nil, nil, ErrUnsupported
}
