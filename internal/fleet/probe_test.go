package fleet

import (
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// TestAProbeStoresNothing: it finds out whether a site can publish, without publishing.
func TestAProbeStoresNothing(t *testing.T) {
	t.Parallel()
	e := embed(t, "A", "B")
	a := connected(t, e.sites["A"], InboxOf("A"))
	if _, err := a.Probe(t.Context(), "A"); err == nil || !strings.Contains(err.Error(), "no stream JOBMON_A") {
		t.Errorf("without a stream: %v", err)
	}
	hub := connected(t, e.hub, HubInbox)
	for _, site := range []string{"A", "B"} {
		if _, err := hub.Init(t.Context(), InitOptions{Site: site, Keep: time.Hour}); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if got, err := a.Probe(t.Context(), "A"); err != nil || got.Messages != 0 || got.Replicas != 1 {
			t.Errorf("%+v, %v", got, err)
		}
	}
	if _, err := a.Probe(t.Context(), "B"); err == nil || !strings.Contains(err.Error(), "may not use") {
		t.Errorf("another site's stream: %v", err)
	}
	h, err := OpenHub(e.hub, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	if _, sites, err := h.Probe(t.Context()); err != nil || strings.Join(sites, " ") != "A B" {
		t.Errorf("%q, %v", sites, err)
	}
}
