package endpoint

import "context"

// Greet returns the greeting of whatever answers on the endpoint.
func (c *Client) Greet(ctx context.Context) (Greeting, error) {
	conn, greeting, err := c.connect(ctx)
	if err != nil {
		return Greeting{}, err
	}
	return greeting, conn.Close()
}
