//go:build !windows

package winservice

import "context"

// Install registers the service; elsewhere than on Windows it returns ErrUnsupported, as all below do.
func Install(Options) (*Result, error) { return nil, ErrUnsupported }

// Query looks at the service.
func Query(string) (*Status, error) { return nil, ErrUnsupported }

// Start starts the service.
func Start(context.Context, string) (already bool, err error) { return false, ErrUnsupported }

// Stop stops the service.
func Stop(context.Context, string) (already bool, err error) { return false, ErrUnsupported }

// Remove takes the registration away, and the rights on these paths.
func Remove(context.Context, string, []string) error { return ErrUnsupported }

// Run runs the work as a service.
func Run(string, Work) (code int, err error) { return 0, ErrUnsupported }
