package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/gosplice/gosplice/examples/arena/bots"
)

// prove compares everything that is counted with what it was, and with what the players have.
func (s *show) prove(ctx context.Context) error {
	last, err := s.fleet.Census()
	stats := s.fleet.Stop()
	if err != nil {
		return err
	}
	select {
	case <-s.server.Ended():
		return s.gone()
	default:
	}
	if err := s.gosplice(ctx, "status", "--pid", s.pid()); err != nil {
		return err
	}
	if err := s.server.Stop(); err != nil {
		return err
	}
	s.headline("Proof")
	s.say("process %d from the beginning to the end", s.server.PID)
	s.say("%d connections, %d lost, %d accepted by the program", stats.Bots, stats.Lost, last.Accepted)
	s.say("%d answers, %d values in them compared with the players' books, %d wrong", stats.Requests, stats.Checks, stats.Failures)
	s.say("blows %d -> %d, things found %d -> %d, lines %d -> %d, scores %d -> %d: as the players' books say",
		s.first.Blows, last.Blows, s.first.Looted, last.Looted, s.first.Lines, last.Lines, s.first.Score, last.Score)
	s.say("half of the answers within %v, 99 %% within %v, all within %v", stats.P50, stats.P99, stats.Max)
	if err := s.handedOn(last, stats); err != nil {
		return err
	}
	switch {
	case stats.Lost != 0 || last.Accepted != int64(stats.Bots)+1:
		return fmt.Errorf("connections were lost: %q", stats.Problems)
	case stats.Failures != 0:
		return fmt.Errorf("answers were wrong: %q", stats.Problems)
	case last.Blows <= s.first.Blows || last.Players != s.players:
		return errors.New("the players did not play")
	}
	s.headline("The logic changed five times, nobody was disconnected, every answer was right.")
	return nil
}

// handedOn compares what the program says at its end with what the players know. The versions hand a
// tally on, one to the next; 1.0.4 came twice, but its first entry said no, so there are five.
func (s *show) handedOn(last bots.Census, stats bots.Stats) error {
	var answered, blows int64
	said := s.server.Output()
	if i := strings.LastIndex(said, "answered "); i >= 0 {
		said = said[i:]
	}
	if n, _ := fmt.Sscanf(said, "answered %d requests, with %d blows, by 5 versions", &answered, &blows); n != 2 {
		return fmt.Errorf("the program says %q at its end", said)
	}
	// Some players struck once more after the last census.
	if answered != stats.Requests || blows < last.Blows || blows > last.Blows+answered-last.Sent {
		return fmt.Errorf("the program counts %d answers and %d blows at its end, the players %d answers, and %d blows before the last %d of them",
			answered, blows, stats.Requests, last.Blows, answered-last.Sent)
	}
	s.say("the logic's own tally, handed on through 5 versions: %d blows", blows)
	return nil
}
