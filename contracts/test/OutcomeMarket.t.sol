// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {OutcomeMarket} from "../src/OutcomeMarket.sol";
import {Base, Coin, FeeCoin, Invariant} from "./Base.sol";

contract OutcomeMarketTest is Base {
    OutcomeMarket private m = new OutcomeMarket();
    Coin private coin = new Coin();
    address private constant FOUNDER = address(0xF0);
    address private constant RESOLVER = address(0x4E5);

    function setUp() public {
        vm.warp(1_000_000);
        address[4] memory all = [FOUNDER, ANN, BOB, EVE];
        for (uint256 i = 0; i < 4; ++i) {
            coin.mint(all[i], 100_000);
            vm.prank(all[i]);
            coin.approve(address(m), type(uint256).max);
        }
    }

    function terms() private view returns (OutcomeMarket.Terms memory) {
        return OutcomeMarket.Terms(coin, uint64(block.timestamp + 10 days), 2 days, 100, RESOLVER, JUDGE, 50, 10_000, "Will it rain?");
    }

    function open() private returns (uint256) {
        vm.prank(FOUNDER);
        return m.open(terms());
    }

    function test_BuyingMovesTheChance() public {
        uint256 id = open();
        equal(m.chance(id), 500_000);
        vm.prank(ANN);
        uint256 shares = m.buy(id, true, 1000, 0);
        // 10,000 + 990 − 10,000² / 10,990 rounded up
        equal(shares, 10_990 - 9_100); // 9,099.2 rounded up
        check(m.chance(id) > 500_000, "YES became likelier");
        equal(m.balanceOf(ANN, m.shareId(id, true)), shares);
        vm.prank(ANN);
        vm.expectPartialRevert(OutcomeMarket.TooLittle.selector);
        m.buy(id, false, 100, 10_000);
        vm.prank(ANN);
        vm.expectPartialRevert(OutcomeMarket.TooLittle.selector);
        m.buy(id, false, 0, 0);
    }

    function testFuzz_ATripThereAndBackNeverPays(uint256 in_, bool yes, uint256 out) public {
        uint256 id = open();
        in_ = bound(in_, 10, 50_000);
        vm.startPrank(ANN);
        uint256 shares = m.buy(id, yes, in_, 0);
        out = bound(out, 1, in_);
        try m.sell(id, yes, out, shares) returns (uint256 sold) {
            check(sold <= shares, "no more than one had");
            check(out < in_ || sold >= shares, "nobody gets everything back and keeps shares");
        } catch {}
        vm.stopPrank();
        check(coin.balanceOf(ANN) <= 100_000, "no gain");
        OutcomeMarket.Market memory now_ = m.marketOf(id);
        check(now_.yes * now_.no >= 10_000 * 10_000, "the product never falls");
        equal(coin.balanceOf(address(m)), now_.sets);
    }

    function test_SetsComeApartAndTogether() public {
        uint256 id = open();
        vm.startPrank(BOB);
        m.split(id, 500);
        equal(m.balanceOf(BOB, m.shareId(id, false)), 500);
        m.merge(id, 200);
        equal(coin.balanceOf(BOB), 99_700);
        vm.expectRevert();
        m.merge(id, 301);
        vm.expectRevert(OutcomeMarket.WrongTerms.selector);
        m.split(id, 0);
        vm.expectPartialRevert(OutcomeMarket.TooMuch.selector);
        m.sell(id, true, 100, 50);
        vm.expectPartialRevert(OutcomeMarket.TooMuch.selector);
        m.sell(id, true, 20_000, 500);
        vm.expectRevert(OutcomeMarket.WrongTerms.selector);
        m.sell(id, true, 0, 500);
        uint256 sold = m.sell(id, true, 100, 300);
        equal(m.balanceOf(BOB, m.shareId(id, true)), 300 - sold);
        m.sell(id, false, 50, 300);
        vm.stopPrank();
    }

    function settled(OutcomeMarket.Outcome outcome) private returns (uint256 id) {
        id = open();
        vm.prank(ANN);
        m.buy(id, true, 1000, 0);
        vm.prank(BOB);
        m.buy(id, false, 2000, 0);
        vm.warp(block.timestamp + 10 days);
        vm.prank(RESOLVER);
        m.name(id, outcome);
        vm.expectPartialRevert(OutcomeMarket.TooEarly.selector);
        m.settle(id);
        vm.warp(block.timestamp + 2 days);
        m.settle(id);
    }

    function empty(uint256 id) private {
        address[2] memory all = [ANN, BOB];
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(all[i]);
            try m.redeem(id) {} catch {}
        }
        vm.prank(FOUNDER);
        m.take(coin);
    }

    function test_YesPaysYes() public {
        uint256 id = settled(OutcomeMarket.Outcome.yes);
        uint256 had = m.balanceOf(ANN, m.shareId(id, true));
        uint256 before = coin.balanceOf(ANN);
        empty(id);
        equal(coin.balanceOf(ANN) - before, had);
        equal(coin.balanceOf(BOB), 98_000);
        equal(coin.balanceOf(address(m)), 0);
        vm.prank(ANN);
        vm.expectRevert(OutcomeMarket.NothingToTake.selector);
        m.redeem(id);
        vm.prank(ANN);
        vm.expectRevert(OutcomeMarket.NothingToTake.selector);
        m.take(coin);
    }

    function test_NoPaysNo() public {
        uint256 id = settled(OutcomeMarket.Outcome.no);
        empty(id);
        equal(coin.balanceOf(ANN), 99_000);
        check(coin.balanceOf(BOB) > 98_000, "Bob was right");
        equal(coin.balanceOf(address(m)), 0);
        vm.prank(ANN);
        vm.expectPartialRevert(OutcomeMarket.WrongState.selector);
        m.merge(id, 0);
    }

    function test_VoidPaysHalfEach() public {
        uint256 id = settled(OutcomeMarket.Outcome.void_);
        uint256 half = m.balanceOf(BOB, m.shareId(id, false)) / 2;
        empty(id);
        equal(coin.balanceOf(BOB), 98_000 + half);
        check(coin.balanceOf(address(m)) <= 3, "no more than roundings stay");
    }

    function closed() private returns (uint256 id) {
        id = open();
        vm.warp(block.timestamp + 10 days);
    }

    function test_ADisputeGoesToTheArbiter() public {
        uint256 id = closed();
        vm.prank(EVE);
        vm.expectPartialRevert(OutcomeMarket.NotForYou.selector);
        m.name(id, OutcomeMarket.Outcome.yes);
        vm.prank(RESOLVER);
        m.name(id, OutcomeMarket.Outcome.yes);
        vm.prank(EVE);
        m.dispute(id);
        vm.prank(BOB);
        vm.expectPartialRevert(OutcomeMarket.WrongState.selector);
        m.dispute(id);
        vm.prank(RESOLVER);
        vm.expectPartialRevert(OutcomeMarket.NotForYou.selector);
        m.decide(id, OutcomeMarket.Outcome.no);
        vm.prank(JUDGE);
        m.decide(id, OutcomeMarket.Outcome.no);
        equal(m.credit(coin, EVE), m.marketOf(id).bond);
        check(m.marketOf(id).outcome == OutcomeMarket.Outcome.no, "changed");
        vm.prank(JUDGE);
        vm.expectPartialRevert(OutcomeMarket.WrongState.selector);
        m.decide(id, OutcomeMarket.Outcome.no);
    }

    function test_AWrongDisputeCostsTheBond() public {
        uint256 id = closed();
        vm.prank(RESOLVER);
        m.name(id, OutcomeMarket.Outcome.yes);
        vm.prank(EVE);
        m.dispute(id);
        vm.prank(JUDGE);
        m.decide(id, OutcomeMarket.Outcome.yes);
        equal(m.credit(coin, RESOLVER), m.marketOf(id).bond);
        check(m.marketOf(id).bond >= 50, "the bond of the terms at least");
    }

    /// A market that grew is not disputed for the price of a small one.
    function test_TheBondGrowsWithWhatIsAtStake() public {
        uint256 id = open();
        vm.prank(ANN);
        m.split(id, 90_000);
        vm.warp(block.timestamp + 10 days);
        vm.prank(RESOLVER);
        m.name(id, OutcomeMarket.Outcome.yes);
        equal(m.disputeBond(id), 5_000); // a twentieth of 100,000
        vm.prank(RESOLVER);
        vm.expectPartialRevert(OutcomeMarket.NotForYou.selector);
        m.dispute(id);
        uint256 before = coin.balanceOf(EVE);
        vm.prank(EVE);
        m.dispute(id);
        equal(before - coin.balanceOf(EVE), 5_000);
    }

    /// A dispute that nobody carries costs its author the bond.
    function test_ADisputeThatIsNotCarriedCostsItsAuthor() public {
        uint256 id = closed();
        vm.prank(RESOLVER);
        m.name(id, OutcomeMarket.Outcome.yes);
        vm.prank(EVE);
        m.dispute(id);
        uint256 bond = m.marketOf(id).bond;
        vm.warp(block.timestamp + 30 days);
        m.settle(id);
        check(m.marketOf(id).outcome == OutcomeMarket.Outcome.void_, "void");
        equal(m.credit(coin, EVE), 0);
        equal(m.credit(coin, RESOLVER), bond);
    }

    function test_SilenceMakesItVoid() public {
        uint256 id = closed();
        vm.expectPartialRevert(OutcomeMarket.NotForYou.selector);
        m.name(id, OutcomeMarket.Outcome.void_);
        vm.warp(block.timestamp + 30 days);
        vm.expectPartialRevert(OutcomeMarket.NotForYou.selector);
        m.name(id, OutcomeMarket.Outcome.yes);
        m.name(id, OutcomeMarket.Outcome.void_);
        vm.prank(EVE);
        m.dispute(id);
        vm.warp(block.timestamp + 29 days);
        vm.expectPartialRevert(OutcomeMarket.TooEarly.selector);
        m.settle(id);
        vm.warp(block.timestamp + 1 days);
        m.settle(id);
        check(m.marketOf(id).outcome == OutcomeMarket.Outcome.void_, "void");
        equal(m.credit(coin, EVE), 0);
    }

    function test_Times() public {
        uint256 id = open();
        vm.prank(RESOLVER);
        vm.expectPartialRevert(OutcomeMarket.StillOpen.selector);
        m.name(id, OutcomeMarket.Outcome.yes);
        vm.expectPartialRevert(OutcomeMarket.WrongState.selector);
        m.settle(id);
        vm.expectPartialRevert(OutcomeMarket.WrongState.selector);
        m.dispute(id);
        vm.expectPartialRevert(OutcomeMarket.WrongState.selector);
        m.redeem(id);
        vm.warp(block.timestamp + 10 days);
        vm.prank(ANN);
        vm.expectPartialRevert(OutcomeMarket.MarketClosed.selector);
        m.buy(id, true, 10, 0);
        vm.prank(RESOLVER);
        vm.expectPartialRevert(OutcomeMarket.WrongState.selector);
        m.name(id, OutcomeMarket.Outcome.open);
        vm.prank(RESOLVER);
        m.name(id, OutcomeMarket.Outcome.yes);
        vm.warp(block.timestamp + 2 days);
        vm.expectPartialRevert(OutcomeMarket.TooLate.selector);
        m.dispute(id);
        vm.expectPartialRevert(OutcomeMarket.NoMarket.selector);
        m.settle(9);
        equal(m.markets(), 1);
    }

    function test_WrongTerms() public {
        vm.startPrank(FOUNDER);
        for (uint256 i = 0; i < 9; ++i) {
            OutcomeMarket.Terms memory t = terms();
            if (i == 0) t.closes = uint64(block.timestamp);
            if (i == 1) t.window = 0;
            if (i == 2) t.window = 31 days;
            if (i == 3) t.feeBps = 501;
            if (i == 4) t.resolver = address(0);
            if (i == 5) t.arbiter = address(0);
            if (i == 6) t.liquidity = 999;
            if (i == 7) t.bond = 0;
            if (i == 8) t.arbiter = t.resolver; // nobody judges over what they named themselves
            vm.expectRevert(OutcomeMarket.WrongTerms.selector);
            m.open(t);
        }
        FeeCoin fee = new FeeCoin();
        fee.mint(FOUNDER, 20_000);
        fee.approve(address(m), 20_000);
        OutcomeMarket.Terms memory u = terms();
        u.collateral = fee;
        vm.expectRevert(OutcomeMarket.WrongTerms.selector);
        m.open(u);
    }
}

/// Trades, sets and settlements in any order: collateral is the sum of complete sets, and all payouts are covered.
contract MarketInvariant is Invariant {
    MarketHands public hands;

    function setUp() public {
        vm.warp(1_000_000);
        hands = new MarketHands();
        target = address(hands);
    }

    function invariant_SetsAreCovered() public view {
        OutcomeMarket m = hands.m();
        uint256 all = 0;
        for (uint256 i = 0; i < m.markets(); ++i) {
            OutcomeMarket.Market memory k = m.marketOf(i);
            (uint256 yes, uint256 no) = (k.yes, k.no);
            for (uint160 w = 0; w < 4; ++w) {
                yes += m.balanceOf(address(0xF0 + w), 2 * i);
                no += m.balanceOf(address(0xF0 + w), 2 * i + 1);
            }
            if (k.outcome == OutcomeMarket.Outcome.open) {
                equal(yes, k.sets);
                equal(no, k.sets);
            } else {
                uint256 due = k.outcome == OutcomeMarket.Outcome.yes ? yes : k.outcome == OutcomeMarket.Outcome.no ? no : (yes + no) / 2;
                check(due <= k.sets, "payouts are covered");
            }
            all += k.sets;
            if (k.disputed && k.outcome == OutcomeMarket.Outcome.open) all += k.bond;
        }
        for (uint160 w = 0; w < 4; ++w) all += m.credit(hands.coin(), address(0xF0 + w));
        equal(hands.coin().balanceOf(address(m)), all);
    }
}

contract MarketHands is Base {
    OutcomeMarket public m = new OutcomeMarket();
    Coin public coin = new Coin();

    constructor() {
        for (uint160 i = 0; i < 4; ++i) {
            coin.mint(who(i), 1e12);
            vm.prank(who(i));
            coin.approve(address(m), type(uint256).max);
        }
    }

    function who(uint256 x) private pure returns (address) {
        return address(uint160(0xF0 + x % 4));
    }

    function open(uint256 x, uint256 y, uint256 z) external {
        if (m.markets() > 5) return;
        vm.prank(who(x));
        try m.open(OutcomeMarket.Terms(coin, uint64(block.timestamp + 5 days), 1 days, uint32(z % 500), who(y), who(z), z % 100, 1000 + z % 1e6, "")) {} catch {}
    }

    function trade(uint256 x, uint256 id, bool yes, uint256 amount, uint256 kind) external {
        id = id % (m.markets() + 1);
        amount = amount % 1e5;
        vm.prank(who(x));
        if (kind % 4 == 0) {
            try m.buy(id, yes, amount, 0) {} catch {}
        } else if (kind % 4 == 1) {
            try m.sell(id, yes, amount, type(uint256).max) {} catch {}
        } else if (kind % 4 == 2) {
            try m.split(id, amount) {} catch {}
        } else {
            try m.merge(id, amount) {} catch {}
        }
    }

    function end(uint256 x, uint256 id, uint256 outcome, uint256 kind, uint256 later) external {
        id = id % (m.markets() + 1);
        vm.warp(block.timestamp + later % 3 days);
        vm.prank(who(x));
        if (kind % 6 == 0) {
            try m.name(id, OutcomeMarket.Outcome(outcome % 4)) {} catch {}
        } else if (kind % 6 == 1) {
            try m.dispute(id) {} catch {}
        } else if (kind % 6 == 2) {
            try m.decide(id, OutcomeMarket.Outcome(outcome % 4)) {} catch {}
        } else if (kind % 6 == 3) {
            try m.settle(id) {} catch {}
        } else if (kind % 6 == 4) {
            try m.redeem(id) {} catch {}
        } else {
            try m.take(coin) {} catch {}
        }
    }
}
