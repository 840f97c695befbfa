// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {BountyBoard} from "../src/BountyBoard.sol";
import {Base, CallingCoin, Coin, FeeCoin, Invariant} from "./Base.sol";

contract BountyBoardTest is Base {
    BountyBoard private board = new BountyBoard();
    Coin private coin = new Coin();
    address private constant FUNDER = address(0xF0);

    function setUp() public {
        vm.warp(1_000_000);
        coin.mint(FUNDER, 1000);
        vm.prank(FUNDER);
        coin.approve(address(board), type(uint256).max);
    }

    function terms(address worker) private view returns (BountyBoard.Terms memory t) {
        uint256[] memory amounts = new uint256[](2);
        (amounts[0], amounts[1]) = (100, 200);
        t = BountyBoard.Terms(coin, amounts, worker, JUDGE, uint64(block.timestamp + 30 days), 3 days, "ipfs://brief");
    }

    function open(address worker) private returns (uint256) {
        vm.prank(FUNDER);
        return board.open(terms(worker));
    }

    function handIn(uint256 job, address who) private {
        vm.prank(who);
        board.handIn(job, keccak256("work"));
    }

    function test_AGrantIsPaidByMilestones() public {
        uint256 job = open(ANN);
        equal(coin.balanceOf(address(board)), 300);
        equal(board.remaining(job), 300);
        handIn(job, ANN);
        vm.expectPartialRevert(BountyBoard.TooEarly.selector);
        board.release(job);
        vm.warp(block.timestamp + 3 days);
        board.release(job);
        handIn(job, ANN);
        vm.prank(FUNDER);
        board.decide(job, ANN, true);
        equal(board.remaining(job), 0);
        vm.prank(ANN);
        board.take(coin);
        equal(coin.balanceOf(ANN), 300);
        vm.prank(ANN);
        vm.expectRevert(BountyBoard.NothingToTake.selector);
        board.take(coin);
        vm.prank(ANN);
        vm.expectPartialRevert(BountyBoard.JobClosed.selector);
        board.handIn(job, keccak256("more"));
    }

    function test_AnObjectionGoesToTheJudge() public {
        uint256 job = open(ANN);
        handIn(job, ANN);
        vm.prank(EVE);
        vm.expectPartialRevert(BountyBoard.NotForYou.selector);
        board.object(job);
        vm.prank(FUNDER);
        board.object(job);
        vm.prank(FUNDER);
        vm.expectPartialRevert(BountyBoard.Pending.selector);
        board.object(job);
        vm.prank(FUNDER);
        vm.expectPartialRevert(BountyBoard.NotForYou.selector); // a funder cannot turn work down
        board.decide(job, ANN, false);
        vm.prank(JUDGE);
        board.decide(job, ANN, false);
        handIn(job, ANN);
        vm.prank(FUNDER);
        board.object(job);
        vm.prank(JUDGE);
        board.decide(job, ANN, true);
        equal(board.credit(coin, ANN), 100);
        handIn(job, ANN);
        vm.prank(FUNDER);
        board.object(job);
        vm.warp(block.timestamp + 3 days); // a silent judge
        board.release(job);
        equal(board.credit(coin, ANN), 300);
    }

    function test_ALateObjection() public {
        uint256 job = open(ANN);
        handIn(job, ANN);
        vm.warp(block.timestamp + 3 days);
        vm.prank(FUNDER);
        vm.expectPartialRevert(BountyBoard.TooLate.selector);
        board.object(job);
    }

    function test_ABountyIsOpenToAllAndOnlyPickedWorkIsPaid() public {
        uint256 job = open(address(0));
        handIn(job, EVE);
        handIn(job, ANN);
        vm.warp(block.timestamp + 4 days);
        vm.expectPartialRevert(BountyBoard.NothingPending.selector); // silence pays nobody
        board.release(job);
        vm.prank(JUDGE);
        board.decide(job, EVE, false);
        vm.prank(JUDGE);
        board.decide(job, ANN, true);
        equal(board.credit(coin, ANN), 100);
        vm.prank(EVE);
        vm.expectPartialRevert(BountyBoard.NotForYou.selector); // the rest is Ann's
        board.handIn(job, keccak256("x"));
        vm.prank(JUDGE);
        vm.expectPartialRevert(BountyBoard.NothingPending.selector); // what Ann handed in was for the first milestone
        board.decide(job, ANN, true);
    }

    function test_TheJudgeDoesNotWork() public {
        uint256 job = open(address(0));
        vm.prank(JUDGE);
        vm.expectPartialRevert(BountyBoard.NotForYou.selector);
        board.handIn(job, keccak256("x"));
        vm.prank(ANN);
        vm.expectRevert(BountyBoard.WrongTerms.selector);
        board.handIn(job, 0);
        handIn(job, ANN);
        vm.prank(ANN);
        vm.expectPartialRevert(BountyBoard.Pending.selector);
        board.handIn(job, keccak256("y"));
    }

    function test_WhatIsLeftGoesBack() public {
        uint256 job = open(ANN);
        vm.expectPartialRevert(BountyBoard.TooEarly.selector);
        board.close(job);
        vm.warp(block.timestamp + 30 days);
        handIn(job, ANN);
        vm.warp(block.timestamp + 1);
        vm.expectPartialRevert(BountyBoard.Pending.selector);
        board.close(job);
        vm.warp(block.timestamp + 3 days);
        board.release(job);
        vm.prank(ANN);
        vm.expectPartialRevert(BountyBoard.TooLate.selector);
        board.handIn(job, keccak256("late"));
        board.close(job);
        equal(board.credit(coin, FUNDER), 200);
        equal(board.credit(coin, ANN), 100);
        equal(board.remaining(job), 0);
        uint256 bounty = open(address(0));
        handIn(bounty, ANN);
        vm.warp(block.timestamp + 30 days + 1);
        vm.expectPartialRevert(BountyBoard.TooEarly.selector); // the judge has one more window
        board.close(bounty);
        vm.warp(block.timestamp + 3 days);
        board.close(bounty);
        equal(board.credit(coin, FUNDER), 500);
        vm.expectPartialRevert(BountyBoard.NoJob.selector);
        board.close(99);
        equal(board.jobs(), 2);
        (BountyBoard.Job memory j, uint256[] memory amounts) = board.jobOf(bounty);
        check(j.closed && amounts.length == 2, "known");
        check(board.submissionOf(bounty, ANN).work == keccak256("work"), "and what came in");
    }

    function test_WrongTerms() public {
        vm.startPrank(FUNDER);
        BountyBoard.Terms memory t = terms(ANN);
        t.amounts = new uint256[](0);
        refused(t);
        t.amounts = new uint256[](33);
        refused(t);
        t.amounts = new uint256[](1);
        refused(t);
        t = terms(ANN);
        t.deadline = uint64(block.timestamp);
        refused(t);
        t = terms(ANN);
        t.window = 0;
        refused(t);
        t.window = 366 days;
        refused(t);
        t = terms(ANN);
        t.judge = address(0);
        refused(t);
    }

    function refused(BountyBoard.Terms memory t) private {
        vm.expectRevert(BountyBoard.WrongTerms.selector);
        board.open(t);
    }

    function test_TokensThatKeepAFeeAreRefused() public {
        FeeCoin fee = new FeeCoin();
        fee.mint(FUNDER, 1000);
        BountyBoard.Terms memory t = terms(ANN);
        t.token = fee;
        vm.startPrank(FUNDER);
        fee.approve(address(board), 1000);
        vm.expectRevert(BountyBoard.WrongTerms.selector);
        board.open(t);
    }

    function test_TokensThatCallBack() public {
        CallingCoin calling = new CallingCoin();
        Taker taker = new Taker(board, calling);
        calling.mint(FUNDER, 300);
        BountyBoard.Terms memory t = terms(address(taker));
        t.token = calling;
        vm.prank(FUNDER);
        calling.approve(address(board), 1000);
        vm.prank(FUNDER);
        uint256 job = board.open(t);
        handIn(job, address(taker));
        vm.prank(FUNDER);
        board.decide(job, address(taker), true);
        vm.prank(address(taker));
        board.take(calling);
        equal(calling.balanceOf(address(taker)), 100);
        check(taker.tried(), "it did call back");
    }

    /// RabbitHole, Code4rena 2023-01: the findings that have a counterpart here.
    function test_NothingIsPaidTwice() public {
        uint256 job = open(ANN);
        uint256 other = open(BOB);
        handIn(job, ANN);
        vm.prank(JUDGE);
        board.decide(job, ANN, true);
        vm.prank(JUDGE);
        vm.expectPartialRevert(BountyBoard.NothingPending.selector); // the same work again (fees taken repeatedly, H-01)
        board.decide(job, ANN, true);
        vm.prank(EVE);
        vm.expectRevert(BountyBoard.NothingToTake.selector); // somebody without a claim (minting by anyone, H-02)
        board.take(coin);
        vm.warp(block.timestamp + 31 days);
        board.close(job); // what is owed stays (leftovers counted wrongly, M-01; ended quests, M-03)
        equal(board.credit(coin, ANN), 100);
        vm.prank(FUNDER);
        board.take(coin);
        vm.prank(ANN);
        board.take(coin);
        equal(coin.balanceOf(address(board)), board.remaining(other)); // another job's money is untouched
        equal(board.escrowed(coin), 300);
        equal(board.owed(coin), 0);
    }
}

contract Taker {
    BountyBoard private board;
    IERC20 private token;
    bool public tried;

    constructor(BountyBoard b, IERC20 t) {
        (board, token) = (b, t);
    }

    function received() external {
        tried = true;
        try board.take(token) {} catch {}
    }
}

/// Any number of jobs, hands and decisions; the board always holds what is in escrow and what is owed.
contract BoardInvariant is Invariant {
    BoardHands public hands;

    function setUp() public {
        vm.warp(1_000_000);
        hands = new BoardHands();
        target = address(hands);
    }

    function invariant_EscrowCoversOpenJobs() public view {
        BountyBoard board = hands.board();
        uint256 left = 0;
        for (uint256 i = 0; i < board.jobs(); ++i) left += board.remaining(i);
        equal(board.escrowed(hands.coin()), left);
        uint256 owed = 0;
        for (uint160 i = 0; i < 4; ++i) owed += board.credit(hands.coin(), address(0xF0 + i));
        equal(board.owed(hands.coin()), owed);
        equal(hands.coin().balanceOf(address(board)), left + owed);
    }
}

contract BoardHands is Base {
    BountyBoard public board = new BountyBoard();
    Coin public coin = new Coin();

    constructor() {
        for (uint160 i = 0; i < 4; ++i) {
            coin.mint(who(i), 1e9);
            vm.prank(who(i));
            coin.approve(address(board), type(uint256).max);
        }
    }

    function who(uint256 x) private pure returns (address) {
        return address(uint160(0xF0 + x % 4));
    }

    function open(uint256 x, uint256 y, uint256 z, uint256 count) external {
        uint256[] memory amounts = new uint256[](1 + count % 4);
        for (uint256 i = 0; i < amounts.length; ++i) amounts[i] = 1 + (z >> (8 * i)) % 1000;
        address worker = y % 3 == 0 ? address(0) : who(y);
        vm.prank(who(x));
        try board.open(BountyBoard.Terms(coin, amounts, worker, who(z), uint64(block.timestamp + 1 days), 6 hours, "")) {} catch {}
    }

    function handIn(uint256 job, uint256 x, uint256 later) external {
        vm.warp(block.timestamp + later % 4 hours);
        vm.prank(who(x));
        try board.handIn(job % (board.jobs() + 1), bytes32(x | 1)) {} catch {}
    }

    function act(uint256 job, uint256 x, uint256 y, uint256 kind, bool yes) external {
        job = job % (board.jobs() + 1);
        vm.prank(who(x));
        if (kind % 5 == 0) {
            try board.object(job) {} catch {}
        } else if (kind % 5 == 1) {
            try board.decide(job, who(y), yes) {} catch {}
        } else if (kind % 5 == 2) {
            try board.release(job) {} catch {}
        } else if (kind % 5 == 3) {
            try board.close(job) {} catch {}
        } else {
            try board.take(coin) {} catch {}
        }
    }
}
