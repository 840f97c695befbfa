// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {AigcWork} from "../src/AigcWork.sol";
import {BountyBoard} from "../src/BountyBoard.sol";
import {IVerifier} from "../src/AigcWork.sol";
import {ReadRewards} from "../src/ReadRewards.sol";
import {Base, CallingCoin, Coin, FeeCoin} from "./Base.sol";

/// The kinds of faults that an audit found in another protocol that pays people for what they did (RabbitHole's quests, Code4rena, January 2023), each asked of these
/// contracts. The numbers are ours.
contract RabbitHoleTest is Base {
    uint256 private constant KEY = 77;
    Coin private coin = new Coin();
    ReadRewards private rewards;
    BountyBoard private board = new BountyBoard();

    function setUp() public {
        vm.warp(1_000_000);
        rewards = new ReadRewards(ANN, JUDGE, coin, vm.addr(KEY), 1 days, 500, 200, 1 days);
        coin.mint(address(rewards), 10_000);
        coin.mint(ANN, 10_000);
        vm.prank(ANN);
        coin.approve(address(board), type(uint256).max);
    }

    function claim(ReadRewards from, address reader, uint256 total) private returns (uint256) {
        ReadRewards.Voucher memory v = ReadRewards.Voucher(reader, reader, total, block.timestamp);
        return from.claim(v, signed(KEY, from.voucherDigest(v)));
    }

    function job(IERC20 token, address worker, uint64 days_) private returns (uint256) {
        uint256[] memory amounts = new uint256[](1);
        amounts[0] = 100;
        vm.prank(ANN);
        return board.open(BountyBoard.Terms(token, amounts, worker, JUDGE, uint64(block.timestamp + days_ * 1 days), 1 days, ""));
    }

    /// 1: a fee could be taken out again and again. What anybody has coming is gone once it was taken.
    function test_1_WhatWasTakenIsGone() public {
        uint256 id = job(coin, BOB, 10);
        vm.prank(BOB);
        board.handIn(id, bytes32(uint256(1)));
        vm.prank(JUDGE);
        board.decide(id, BOB, true);
        vm.prank(BOB);
        board.take(coin);
        vm.prank(BOB);
        vm.expectRevert(BountyBoard.NothingToTake.selector);
        board.take(coin);
        equal(coin.balanceOf(BOB), 100);
    }

    /// 2: the modifier that should have kept minting for the minter did not revert.
    function test_2_OnlyTheMakerMints() public {
        AigcWork work = new AigcWork(ANN, "W", "W", IVerifier(address(0)), 500);
        vm.prank(EVE);
        vm.expectRevert();
        work.mint(EVE, bytes32(uint256(1)), bytes32(uint256(2)));
    }

    /// 3: the owner could take back what readers had earned but not claimed. Here only after stopping, which everybody sees, and never from a worker's escrow.
    function test_3_NothingIsTakenBackWhileItIsPaid() public {
        vm.prank(ANN);
        vm.expectRevert(ReadRewards.PausedNow.selector);
        rewards.withdraw(ANN, 1);
        uint256 id = job(coin, BOB, 1);
        vm.prank(BOB);
        board.handIn(id, bytes32(uint256(1)));
        vm.warp(block.timestamp + 2 days);
        vm.prank(ANN);
        vm.expectPartialRevert(BountyBoard.Pending.selector);
        board.close(id);
    }

    /// 4: a claim went over everything its owner held, and ran out of gas. The hundredth claim costs what the second did.
    function test_4_AClaimCostsTheSameHoweverManyThereWere() public {
        claim(rewards, BOB, 1);
        uint256 before = gasleft();
        claim(rewards, BOB, 2);
        uint256 second = before - gasleft();
        for (uint256 i = 3; i < 100; ++i) claim(rewards, BOB, i);
        before = gasleft();
        claim(rewards, BOB, 100);
        check(before - gasleft() <= second + 2000, "no dearer");
    }

    /// 5: signatures named neither chain nor contract.
    function test_5_ASignatureCountsOnceAndHere() public {
        ReadRewards other = new ReadRewards(ANN, JUDGE, coin, vm.addr(KEY), 1 days, 500, 200, 1 days);
        ReadRewards.Voucher memory v = ReadRewards.Voucher(BOB, BOB, 5, block.timestamp);
        bytes memory signature = signed(KEY, rewards.voucherDigest(v));
        vm.expectRevert(ReadRewards.NotSigned.selector);
        other.claim(v, signature);
        vm.chainId(9);
        vm.expectRevert(ReadRewards.NotSigned.selector);
        rewards.claim(v, signature);
    }

    /// 6: a receipt that was used already could be sold. What was earned here is no token: a voucher names its reader, and is worth nothing once it was paid.
    function test_6_AUsedVoucherIsWorthNothing() public {
        claim(rewards, BOB, 5);
        ReadRewards.Voucher memory v = ReadRewards.Voucher(BOB, EVE, 5, block.timestamp);
        bytes memory signature = signed(KEY, rewards.voucherDigest(v));
        vm.prank(EVE);
        vm.expectPartialRevert(ReadRewards.NothingNew.selector);
        rewards.claim(v, signature);
    }

    /// 7: whoever was late for the end lost what they had earned. An epoch's end takes nothing away: the rest is paid in the next one.
    function test_7_WhatTheCapLeavesIsPaidLater() public {
        equal(claim(rewards, BOB, 300), 200);
        vm.warp(block.timestamp + 1 days);
        equal(claim(rewards, BOB, 300), 100);
    }

    /// 8: tokens that call their receiver could be claimed twice within one call.
    function test_8_TokensThatCallBack() public {
        CallingCoin calling = new CallingCoin();
        Greedy greedy = new Greedy(board, calling);
        calling.mint(ANN, 1000);
        vm.prank(ANN);
        calling.approve(address(board), 1000);
        uint256 id = job(calling, address(greedy), 10);
        job(calling, EVE, 10); // somebody else's money lies there too
        greedy.work(id);
        vm.prank(JUDGE);
        board.decide(id, address(greedy), true);
        greedy.grab();
        check(greedy.called(), "it was called");
        equal(calling.balanceOf(address(greedy)), 100);
        equal(calling.balanceOf(address(board)), 100);
    }

    /// 9: tokens that keep a fee left the last ones unpaid.
    function test_9_TokensThatKeepAFee() public {
        FeeCoin fee = new FeeCoin();
        fee.mint(ANN, 1000);
        vm.startPrank(ANN);
        fee.approve(address(board), 1000);
        uint256[] memory amounts = new uint256[](1);
        amounts[0] = 100;
        vm.expectRevert();
        board.open(BountyBoard.Terms(fee, amounts, BOB, JUDGE, uint64(block.timestamp + 1 days), 1 days, ""));
    }

    /// 10: a contract whose address came of a counter could be another one after a reorganisation. Nothing here creates contracts, and a token's number comes of what it is.
    function test_10_ATokensNumberComesOfWhatItIs() public {
        AigcWork work = new AigcWork(ANN, "W", "W", IVerifier(address(0)), 500);
        vm.startPrank(ANN);
        uint256 second = work.mint(ANN, bytes32(uint256(2)), bytes32(uint256(9)));
        equal(second, uint256(keccak256(abi.encode(bytes32(uint256(2))))));
    }

    /// 11: shares of sales beyond everything were taken. The constructor refuses more than a tenth.
    function test_11_RoyaltiesHaveALimit() public {
        vm.expectRevert();
        new AigcWork(ANN, "W", "W", IVerifier(address(0)), 1001);
    }
}

contract Greedy {
    BountyBoard private board;
    IERC20 private token;
    bool public called;

    constructor(BountyBoard board_, IERC20 token_) {
        (board, token) = (board_, token_);
    }

    function work(uint256 id) external {
        board.handIn(id, bytes32(uint256(1)));
    }

    function grab() external {
        board.take(token);
    }

    function received() external {
        called = true;
        try board.take(token) {} catch {}
    }
}
