package evt_test

import (
	"testing"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/client/internal/samples"
)

func BenchmarkEncode(b *testing.B) {
	for _, picture := range samples.Pictures() {
		switch picture.Name {
		case "running", "long-names", "many-stages":
			b.Run(picture.Name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := evt.Encode(picture.Progress); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
